"""Coordinates in what people write."""

import numpy as np
import pytest

from alerts.core.points import MOST, points_in
from tracker.geometry import bd09, gcj02

LON, LAT = 113.65, 34.75
IN_GCJ_02 = tuple(round(float(axis[0]), 7) for axis in gcj02.to_wgs84(np.array([LON]), np.array([LAT])))
IN_BD_09 = tuple(round(float(axis[0]), 7) for axis in gcj02.to_wgs84(*bd09.to_gcj02(np.array([LON]), np.array([LAT]))))


def where(text: str) -> list[tuple[float, float]]:
    return [(point.lon, point.lat) for point in points_in(text)]


@pytest.mark.parametrize(
    "text",
    [
        "我在34.75,113.65附近，进水了",
        "113.65，34.75",
        "\uff13\uff14\uff0e\uff17\uff15\uff0c\uff11\uff11\uff13\uff0e\uff16\uff15",
        "34.75 113.65",
        "北纬34.75 东经113.65",
        "东经113.65度，北纬34.75度",
        "纬度：34.7500 经度：113.6500",
        "N34.75 E113.65",
        "E 113.65 N 34.75",
        "34.75N, 113.65E",
        "34°45\u203200\u2033N 113°39\u203200\u2033E",
        "34°45'N 113°39'E",
        "lat=34.75, lon=113.65",
        "geo:34.75,113.65;u=35",
        "geo:34.75,113.65,80;crs=wgs84",
        "geo:0,0?q=34.75,113.65(home)",
        "http://maps.google.com/maps?q=34.75,113.65",
        "https://uri.amap.com/marker?position=113.65,34.75&coordinate=wgs84",
        "https://api.map.baidu.com/marker?location=34.75,113.65&coord_type=wgs84&output=html",
        "https://apis.map.qq.com/uri/v1/marker?marker=coord:34.75,113.65;title:x&coord_type=1",
        "androidamap://viewMap?sourceApplication=x&lat=34.75&lon=113.65&dev=1",
    ],
)
def test_a_point_is_read_as_people_and_phones_write_it(text: str) -> None:
    assert where(text) == [(LON, LAT)]


@pytest.mark.parametrize(
    "link",
    [
        "https://uri.amap.com/marker?position=113.65,34.75&name=x",
        "https://uri.amap.com/navigation?to=113.65,34.75,home&mode=car",
        "https://wb.amap.com/?q=34.75,113.65,home",
        "https://wb.amap.com/?p=B0FFG1,34.75,113.65,home",
        "https://m.amap.com/share/index/lnglat=113.65,34.75&name=x",
        "iosamap://viewMap?sourceApplication=x&lat=34.75&lon=113.65&dev=0",
        "https://apis.map.qq.com/uri/v1/marker?marker=coord:34.75,113.65;title:x;addr:y&referer=z",
        "https://map.qq.com/?type=marker&pointx=113.65&pointy=34.75",
        "https://api.map.baidu.com/geocoder?location=34.75,113.65&coord_type=gcj02",
    ],
)
def test_links_of_amap_and_tencent_are_in_gcj_02(link: str) -> None:
    assert where(f"救命 {link} 快来") == [IN_GCJ_02]


@pytest.mark.parametrize(
    "link",
    [
        "http://api.map.baidu.com/marker?location=34.75,113.65&title=x&output=html",
        "https://map.baidu.com/?latlng=34.75,113.65&title=x",
        "baidumap://map/direction?destination=latlng:34.75,113.65|name:x",
    ],
)
def test_links_of_baidu_are_in_bd_09(link: str) -> None:
    assert where(link) == [IN_BD_09]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://surl.amap.com/2kXyZ",  # says nothing by itself, and is not opened
        "https://example.org/?q=34.75,113.65",  # in a datum that nobody knows
        "https://map.baidu.com/?location=34.75,113.65&coord_type=bd09mc",
        "geo:34.75,113.65;crs=epsg:32618",
        "https://[::1/?q=34.75,113.65",
        "价格12.5，数量13",
        "13812345678 2026-07-20 12:00",
        "10.22.33.44",
        "91.50,181.50",
        "N34.75 N113.65",
        "34.75 是今天的读数，明天是 113.65",
    ],
)
def test_what_is_no_point_is_none(text: str) -> None:
    assert where(text) == []


def test_bare_numbers_are_less_sure_than_words_and_links() -> None:
    assert [point.is_sure for point in points_in("34.75,113.65 北纬34.76 东经113.66 geo:34.77,113.67")] == [
        True,
        False,
        True,
    ]


def test_a_point_that_is_said_twice_is_one_and_of_a_flood_the_first_ones_are_kept() -> None:
    assert len(where("34.75,113.65 geo:34.75,113.65")) == 1
    assert len(where("\n".join(f"34.{number},113.65" for number in range(10, 90)))) == MOST
