"""What the phone pages say, in both languages."""

from typing import Final

from alerts.core.states import AlertState
from alerts.core.words import Words

MINE: Final = Words("我的预警", "My warnings")
OF: Final = Words("{name}的预警", "Warnings for {name}")
IN_FORCE: Final = Words("正在生效", "In force")
RECENT: Final = Words("最近两周", "The last two weeks")
NONE: Final = Words("现在没有生效的预警。", "No warning is in force now.")
NONE_HOW: Final = Words(
    "有新预警时会发短信到您的手机，也会显示在这里。", "When there is one, you get a text message, and it is shown here."
)
CONFIRM: Final = Words("我已收到", "I have received this")
THANKS: Final = Words("已确认，谢谢。", "Acknowledged. Thank you.")
CONFIRMED: Final = Words("您已于{at}确认", "You acknowledged this at {at}")
UNCONFIRMED: Final = Words("待确认", "Not acknowledged yet")
CONFIRMED_SHORT: Final = Words("已确认", "Acknowledged")
SITUATION: Final = Words("情况", "What happens")
TO_DO: Final = Words("请这样做", "What to do")
WHERE: Final = Words("地点", "Where")
UNTIL: Final = Words("有效至{at}", "Holds until {at}")
DRILL: Final = Words("演练", "Drill")
WARNING: Final = Words("{colour}预警", "{colour} warning")
OVER: Final = {
    AlertState.LIFTED: Words("预警已于{at}解除，危险已过。", "Lifted at {at}: the danger is over."),
    AlertState.CANCELLED: Words("预警已于{at}撤销：此前为误发。", "Cancelled at {at}: it was sent in error."),
    AlertState.EXPIRED: Words("预警已于{at}到期失效。", "It expired at {at}."),
}
SHORT_OVER: Final = {
    AlertState.LIFTED: Words("已解除", "Lifted"),
    AlertState.CANCELLED: Words("已撤销", "Cancelled"),
    AlertState.EXPIRED: Words("已到期", "Expired"),
}
PASS: Final = Words("向下级转达", "Pass it down")
PASS_TITLE: Final = Words("向下级转达", "Pass this warning down")
PASS_WHO: Final = Words(
    "将通知您网格下的 {count} 位网格长：短信、终端和已开启的手机通知。每人一次，附上您的话和预警原文。",
    "All leaders below you ({count}) are told, each once: by text message, terminal and phone notification, with your "
    "words and the warning itself.",
)
PASS_WORDS: Final = Words("您的话（必填，最多{most}字）", "Your own words (needed, at most {most} characters)")
PASS_DO: Final = Words("转达给 {count} 人", "Tell {count} people")
PASS_ONE: Final = Words("转达给 1 人", "Tell 1 person")
PASSED: Final = Words("您已转达给 {count} 人 · {at}", "You passed this down at {at} · people told: {count}")
HEARD: Final = Words("{name}（{unit}）转达 · {at}", "Passed down by {name} ({unit}) · {at}")
BACK: Final = Words("返回", "Back")
OPEN: Final = Words("在此手机上查看我的全部预警", "Show all my warnings on this phone")
OPEN_HOW: Final = Words(
    "以后在此手机上无需登录即可查看、确认和转达，也可开启通知。请只在您自己的手机上打开；一个链接只能打开一部手机。",
    "After that you read, acknowledge and pass down here without logging in, and may be notified. "
    "Only on your own phone: a link opens one phone.",
)
OPENED_BEFORE: Final = Words(
    "此链接已在另一部手机上打开过“我的预警”", "This link has opened “My warnings” on a phone before"
)
OPENED_BEFORE_HOW: Final = Words(
    "它仍可用于阅读和确认这条预警。要在这里查看全部预警，请用下一条预警短信中的链接。",
    "It still shows this warning and takes your answer. To see all warnings here, use the link in your next message.",
)
NOT_OPEN: Final = Words("此手机尚未打开“我的预警”", "“My warnings” is not open on this phone")
NOT_OPEN_HOW: Final = Words(
    "请点开最近一条预警短信中的链接，确认后选择“在此手机上查看我的全部预警”。",
    "Open the link in your latest warning message, acknowledge, and choose “Show all my warnings on this phone”.",
)
BAD_LINK: Final = Words("链接无效或已过期", "This link is not valid, or its time is over")
BAD_LINK_HOW: Final = Words(
    "请使用最近一条预警短信中的完整链接；或致电您的上级网格长。",
    "Use the whole link of your latest warning message, or call the leader above you.",
)
NO_SUCH: Final = Words("没有这条预警", "There is no such warning")
NO_SUCH_HOW: Final = Words(
    "它不是发给您的，或已结束超过两周。", "It was not sent to you, or ended more than two weeks ago."
)
TOO_OFTEN: Final = Words("尝试次数过多，请几分钟后再试", "Too many tries: wait a few minutes, then try again")
FOREIGN: Final = Words("请在本页面上操作", "Please do this on our own page")
TOO_LONG: Final = Words("提交的内容过长，请写短一些", "That is too long: send less")
THIS_PHONE: Final = Words("此手机", "This phone")
PUSH_HOW: Final = Words(
    "开启后，新预警会直接弹出，即使没有打开此页面。短信照常发送。",
    "New warnings then pop up even while this page is closed. Text messages go on as before.",
)
PUSH_ON: Final = Words("开启通知", "Turn notifications on")
PUSH_OFF: Final = Words("关闭通知", "Turn notifications off")
PUSH_IS_ON: Final = Words("通知已开启", "Notifications are on")
PUSH_BLOCKED: Final = Words(
    "浏览器已阻止通知：请在浏览器的网站设置中允许本站通知，再回到这里。",
    "The browser blocks notifications: allow them for this site in its settings, then come back.",
)
PUSH_FAILED: Final = Words(
    "没有开启成功：浏览器的推送服务无法连接。短信照常发送，请稍后再试。",
    "It did not work: the browser's push service cannot be reached. Text messages go on; try again later.",
)
OTHERS: Final = Words("您的预警还在另外 {count} 部手机上打开", "Your warnings are also open on {count} other phones")
OTHER: Final = Words("您的预警还在另外 1 部手机上打开", "Your warnings are also open on one other phone")
CLOSE_OTHERS: Final = Words("在其他手机上关闭", "Close them there")
CLOSE: Final = Words("在此手机上退出", "Close my warnings on this phone")
CLOSED: Final = Words("已在此手机上退出", "Closed on this phone")
