"""Names for an example city: plausible, and of nowhere. Each is Chinese with its pinyin."""

from typing import Final

import numpy as np

FIRST: Final = (
    "云 Yun,青 Qing,望 Wang,临 Lin,锦 Jin,龙 Long,凤 Feng,金 Jin,银 Yin,玉 Yu,春 Chun,秋 Qiu,"
    "明 Ming,朝 Chao,文 Wen,武 Wu,安 An,永 Yong,新 Xin,古 Gu,东 Dong,西 Xi,南 Nan,北 Bei,"
    "红 Hong,紫 Zi,白 Bai,松 Song,竹 Zhu,梅 Mei,兰 Lan,荷 He,桂 Gui,石 Shi,清 Qing,长 Chang,"
    "平 Ping,福 Fu,瑞 Rui,和 He"
)
SECOND: Final = (
    "溪 xi,川 chuan,湖 hu,河 he,山 shan,峰 feng,泉 quan,桥 qiao,园 yuan,苑 yuan,林 lin,田 tian,"
    "庄 zhuang,坊 fang,台 tai,亭 ting,塔 ta,岭 ling,湾 wan,洲 zhou,港 gang,原 yuan,城 cheng,门 men,"
    "康 kang,宁 ning,兴 xing,华 hua,阳 yang,光 guang"
)
SURNAMES: Final = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余",
    *"于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方单仇解翟区",
    *("欧阳", "司马", "诸葛", "上官", "尉迟"),
)
GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红建文志国海春燕梅晓东波辉斌宁"
    "小鹏飞雪琳佳欣怡晨宇浩轩然思雨嘉慧颖婷峰凯旭阳俊楠博瑞"
)

Name = tuple[str, str]  # Chinese, pinyin

PAIRS: Final[tuple[Name, ...]] = tuple(
    (first[0] + second[0], first[2:] + second[2:]) for first in FIRST.split(",") for second in SECOND.split(",")
)


def places(count: int, rng: np.random.Generator) -> list[Name]:
    """Return `count` different two-character names, at most 1,200."""
    return [PAIRS[index] for index in rng.choice(len(PAIRS), count, replace=False)]


def people(count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` names of persons; frequent surnames come more often, as they do."""
    weights = 1 / (np.arange(len(SURNAMES)) + 8)
    surnames = rng.choice(len(SURNAMES), count, p=weights / weights.sum())
    given = rng.integers(0, len(GIVEN), (count, 2))
    is_single = rng.random(count) < 0.15  # noqa: PLR2004 - the share of one-character given names
    return [
        SURNAMES[surname] + GIVEN[one] + ("" if single else GIVEN[two])
        for surname, (one, two), single in zip(surnames.tolist(), given.tolist(), is_single.tolist(), strict=True)
    ]
