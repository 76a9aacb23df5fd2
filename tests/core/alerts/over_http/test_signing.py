"""Signatures: the worked examples of the operators' own documents, and the parts that go wrong most often."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from alerts.over_http.description import Signing
from alerts.over_http.signing import Draft, aliyun_signature, percent, signed, tc3_signature, twilio_signature
from tests.sms_operators import java_encoded

# Alibaba Cloud, "SMS: HTTP protocol and signature": SendSms, with its example's key
ALIYUN = {
    "SignatureMethod": "HMAC-SHA1",
    "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
    "AccessKeyId": "testId",
    "SignatureVersion": "1.0",
    "Timestamp": "2017-07-12T02:42:19Z",
    "Format": "XML",
    "Action": "SendSms",
    "Version": "2017-05-25",
    "RegionId": "cn-hangzhou",
    "PhoneNumbers": "15300000001",
    "SignName": "阿里云短信测试专用",
    "TemplateParam": '{"customer":"test"}',
    "TemplateCode": "SMS_71390007",
    "OutId": "123",
}
# Tencent Cloud, "Signature v3": DescribeInstances of cvm; the stars are the document's
TENCENT_BODY = '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
TENCENT_REQUEST = (
    "POST\n/\n\ncontent-type:application/json; charset=utf-8\nhost:cvm.tencentcloudapi.com\n\ncontent-type;host\n"
    "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
)
TENCENT_KEY = "Gu5t9xGARNpq86cd98joQYCN3*******"
TENCENT_AT = datetime.fromtimestamp(1551113065, UTC)
NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)


def test_the_example_of_alibaba_clouds_document() -> None:
    assert aliyun_signature("GET", ALIYUN, "testSecret") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def test_the_example_of_tencent_clouds_document() -> None:
    wanted = "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
    assert tc3_signature(TENCENT_REQUEST, service="cvm", secret=TENCENT_KEY, now=TENCENT_AT) == wanted


def test_the_example_of_twilios_document() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio_signature(url, form, token="12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_is_encoded_as_javas_encoder_and_three_replacements_do_it(text: str) -> None:
    assert percent(text) == java_encoded(text)


def test_a_tc3_request_is_signed_over_what_leaves() -> None:
    draft = Draft(
        method="POST",
        url="https://sms.example.com/",
        headers={"X-TC-Action": "SendSms"},
        query={},
        document={"a": "预警"},
    )
    ready = signed(draft, Signing(by="tc3", service="sms"), key="AKID", secret="k", now=NOON, nonce="")
    assert ready.body.decode() == '{"a":"预警"}'
    head, _, signature = ready.headers["Authorization"].rpartition("=")
    assert head == (
        "TC3-HMAC-SHA256 Credential=AKID/2026-07-20/sms/tc3_request, SignedHeaders=content-type;host, Signature"
    )
    assert len(signature) == 64
    assert ready.headers["X-TC-Timestamp"] == str(int(NOON.timestamp()))


def test_a_query_is_signed_where_there_is_no_form() -> None:
    draft = Draft(method="GET", url="https://a.example/", headers={}, query={"Action": "X", "b": "a b"})
    ready = signed(draft, Signing(by="aliyun_rpc"), key="id", secret="s", now=NOON, nonce="n")
    assert "b=a%20b" in ready.url
    assert "Signature=" in ready.url


def test_who_needs_no_proof_gets_none() -> None:
    draft = Draft(method="GET", url="http://a.example/x", headers={}, query={"text": "洪水&=+ "})
    assert signed(draft, Signing(), key="", secret="", now=NOON, nonce="").url == (
        "http://a.example/x?text=%E6%B4%AA%E6%B0%B4%26%3D%2B%20"
    )


def test_basic_is_name_and_secret() -> None:
    draft = Draft(method="GET", url="http://a.example/", headers={}, query={})
    ready = signed(draft, Signing(by="basic"), key="Aladdin", secret="open sesame", now=NOON, nonce="")
    assert ready.headers["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617, section 2
