"""Descriptions, templates, answers and callbacks: what is read, what is made of it, and each mistake with its place."""

import json
import re
from typing import Any

import pytest

from alerts.core.numbers import e164, national
from alerts.core.verdicts import Fate, Verdict
from alerts.over_http import library
from alerts.over_http.callbacks import Call, heard_inbound, heard_status
from alerts.over_http.description import BadDescription, Description, read
from alerts.over_http.filling import Letter, grown
from alerts.over_http.reading import Unreadable, answers
from alerts.over_http.wording import NoTemplate, Template, placed

A_DESCRIPTION = """
values: {endpoint: "https://sms.example"}
secrets: [token]
request: {url: "{endpoint}/send", json: {to: "{number}", text: "{text}"}}
sign: {by: basic, key: city, secret: token}
answer:
  whole: [{at: result, is: ["0"], then: taken}, {at: result, starts: ["4"], then: slower}]
  id: "{message.0.id}"
  word: "{result}"
"""
BODY = "【网格预警】暴雨橙色预警[II级/严重]未来6小时强降雨。请转移低洼处居民。金水区7月20日12:00\n确认：https://a.example/ack/x"
PLAIN = "暴雨橙色预警[II级/严重]未来6小时强降雨。请转移低洼处居民。金水区7月20日12:00"


def a_letter(number: str = "+8613800000001", **variables: str) -> Letter:
    names = {"number": number, "text": "t", "delivery": "7", "attempt": "2"}
    return Letter(delivery=7, attempt=2, number=number, names=names, variables=variables)


@pytest.mark.parametrize("name", library.READY)
def test_each_ready_description_can_be_read(name: str) -> None:
    assert isinstance(library.ready(name), Description)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{endpoint}/send", "{endpont}/send", "nothing is called endpont"),
        ("secret: token", "secret: tokn", "tokn is not among the secrets"),
        ("by: basic", "by: hand", "sign.by: Input should be"),
        ("then: taken", "then: eaten", "answer.whole.0.then: Input should be"),
        ("request: {", "request: {form: {}, ", "a request has a form or a JSON document, not both"),
        ("secrets: [token]", "secrets: [", "while parsing"),
    ],
)
def test_a_mistake_is_said_with_its_place(old: str, new: str, words: str) -> None:
    with pytest.raises(BadDescription, match=re.escape(words)):
        read(A_DESCRIPTION.replace(old, new))


def test_a_tree_is_filled_and_an_empty_key_is_left_out() -> None:
    tree = {"to": {"each": "{number}"}, "all": {"json": {"each": {"variables": "object"}}}, "x?": "{none}", "n": 1}
    letters = [a_letter("+1", p="a"), a_letter("+2", p="b")]
    assert grown(tree, {"none": ""}, letters) == {"to": ["+1", "+2"], "all": '[{"p":"a"},{"p":"b"}]', "n": 1}


def test_braces_of_a_text_are_no_places() -> None:
    letter = a_letter()
    letter = Letter(delivery=7, attempt=2, number="+1", names={**letter.names, "text": "{number} {x}"}, variables={})
    assert grown({"text": "{text}"}, {}, [letter]) == {"text": "{number} {x}"}


@pytest.mark.parametrize(
    ("said", "status", "verdict", "word"),
    [
        ({"result": 0, "message": [{"id": "a1"}]}, 200, Verdict.TAKEN, ""),
        ({"result": 0, "message": []}, 200, Verdict.LOST, "it was taken, and has no id that a receipt could name"),
        ({"result": 42}, 200, Verdict.SLOWER, "42"),
        ({"result": 9}, 200, Verdict.LOST, "HTTP 200 9"),
        ({"result": 9}, 400, Verdict.REFUSED, "HTTP 400 9"),
        ({"result": 9}, 401, Verdict.BROKEN, "HTTP 401 9"),
        ([], 503, Verdict.LATER, "HTTP 503"),
        ("text", 500, Verdict.LOST, "HTTP 500"),
    ],
)
def test_an_answer_means_what_the_first_rule_says_else_what_its_status_does(
    said: Any, status: int, verdict: Verdict, word: str
) -> None:
    described = read(A_DESCRIPTION).answer
    octets = json.dumps(said).encode()
    (found,) = answers(described, status=status, octets=octets, letters=[a_letter()], country_code="86")
    assert (found.verdict, found.detail) == (verdict, word)


def test_a_list_that_forgets_a_message_leaves_it_in_doubt() -> None:
    described = library.ready("tencent").answer
    said = {"Response": {"SendStatusSet": [{"SerialNo": "1", "PhoneNumber": "+8613800000002", "Code": "Ok"}]}}
    letters = [a_letter("+8613800000001"), a_letter("+8613800000002")]
    found = answers(described, status=200, octets=json.dumps(said).encode(), letters=letters, country_code="86")
    assert [each.verdict for each in found] == [Verdict.LOST, Verdict.TAKEN]


def test_a_text_in_one_variable_is_without_signature_and_link() -> None:
    template = Template(code="A", variables=("what",), most=100)
    assert placed(BODY, [template]) == (template, {"what": PLAIN})


def test_a_long_text_is_cut_into_variables_and_the_rest_is_filled() -> None:
    template = Template(code="A", variables=("a", "b", "c"), most=35, filler="-")
    _, variables = placed(BODY, [template])
    assert variables == {"a": PLAIN[:35], "b": PLAIN[35:], "c": "-"}


def test_the_first_template_that_has_room_carries_it() -> None:
    short, long = Template(code="S", variables=("a",), most=10), Template(code="L", variables=("a",), most=100)
    assert placed(BODY, [short, long])[0] is long
    with pytest.raises(NoTemplate, match="no template of 1 has room for these 45 characters"):
        placed(BODY, [short])


def test_a_pattern_gives_each_variable_its_words() -> None:
    pattern = re.compile(r"(?P<what>\S+?预警\[.*?\])(?P<said>.*)。(?P<who>\D+)(?P<at>\d+月.*)", re.DOTALL)
    template = Template(code="P", variables=("what", "said", "who", "at"), pattern=pattern)
    assert placed(BODY, [template])[1] == {
        "what": "暴雨橙色预警[II级/严重]",
        "said": "未来6小时强降雨。请转移低洼处居民",
        "who": "金水区",
        "at": "7月20日12:00",
    }


def test_a_link_is_kept_for_a_template_that_has_its_address() -> None:
    pattern = re.compile(r"(?P<what>.*)\n确认：https://a.example/ack/(?P<token>\S+)", re.DOTALL)
    template = Template(code="P", variables=("what", "token"), pattern=pattern, most=60, keeps_link=True)
    assert placed(BODY, [template])[1] == {"what": PLAIN, "token": "x"}


def a_call(body: Any) -> Call:
    return Call(url="", query={}, body=json.dumps(body).encode())


def test_receipts_of_a_list_that_are_readable_count() -> None:
    status = library.ready("aliyun").callbacks.status  # pyright: ignore[reportOptionalMemberAccess] - it has them
    assert status is not None
    good = {"phone_number": "13800000001", "success": False, "err_code": "X", "biz_id": "b"}
    heard = heard_status(status, a_call([good, {}, 1, {**good, "success": None}]), country_code="86")
    assert [(each.operator_id, each.fate, each.word) for each in heard.receipts] == [
        ("b/+8613800000001", Fate.FAILED, "X")
    ]
    assert heard.unreadable == ("it names no message", "it names no message", "it says no state")


def test_a_list_without_end_is_refused() -> None:
    status = library.ready("aliyun").callbacks.status  # pyright: ignore[reportOptionalMemberAccess] - it has them
    assert status is not None
    with pytest.raises(Unreadable, match="2,001 items"):
        heard_status(status, a_call([1] * 2_001), country_code="86")


def test_a_name_that_is_long_is_hashed_and_stays_the_same() -> None:
    inbound = library.ready("tencent").callbacks.inbound  # pyright: ignore[reportOptionalMemberAccess] - it has them
    assert inbound is not None
    said = {"mobile": "13800000001", "nationcode": "86", "text": "洪" * 300, "time": 1}
    first, second = (heard_inbound(inbound, a_call(said), country_code="86").written[0] for _ in range(2))
    assert len(first.operator_id) == 64
    assert first == second


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("13800000001", "+8613800000001"),
        ("8613800000001", "+8613800000001"),
        ("+8613800000001", "+8613800000001"),
        ("008613800000001", "+8613800000001"),
        ("+85291234567", "+85291234567"),
        ("10086", "10086"),
        ("Weather", "Weather"),
    ],
)
def test_numbers_of_operators_become_ours(written: str, wanted: str) -> None:
    assert e164(written, country_code="86") == wanted


def test_a_number_of_another_country_keeps_its_code() -> None:
    assert national("+8613800000001", country_code="86") == "13800000001"
    assert national("+85291234567", country_code="86") == "85291234567"
