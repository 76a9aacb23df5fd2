import hashlib

from tracker.security import hash_password, hash_secret, new_password, new_salt, new_secret, verify, verify_password


def test_a_terminal_is_known_by_its_own_secret_and_salt_only() -> None:
    secret, salt = new_secret(), new_salt()
    secret_hash = hash_secret(secret, salt)
    assert verify(secret, salt=salt, secret_hash=secret_hash)
    assert not verify(new_secret(), salt=salt, secret_hash=secret_hash)
    assert not verify(secret, salt=new_salt(), secret_hash=secret_hash)


def test_a_secret_hashed_by_an_earlier_release_is_still_known() -> None:
    secret, salt = new_secret(), new_salt()
    earlier = hashlib.sha256(salt + secret.encode()).digest()
    assert verify(secret, salt=salt, secret_hash=earlier)
    assert not verify(new_secret(), salt=salt, secret_hash=earlier)


def test_a_terminal_without_a_hash_is_nobody() -> None:
    assert not verify("", salt=b"", secret_hash=b"")


def test_secrets_are_128_bits_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(bytes.fromhex(secret)) for secret in made} == {16}


def test_a_password_is_verified_by_its_argon2id_hash() -> None:
    password = new_password()
    password_hash = hash_password(password)
    assert password_hash.startswith("$argon2id$")
    assert verify_password(password, password_hash)
    assert not verify_password(password + " ", password_hash)
    assert not verify_password(password, "plain text in the column")
