import pickle

from portico import errors


def test_tree_of_errors():
    assert issubclass(errors.InvalidInput, errors.PorticoError)
    assert issubclass(errors.InvalidInput, ValueError)
    assert issubclass(errors.UnknownName, errors.InvalidInput)
    assert issubclass(errors.UnknownName, KeyError)
    assert issubclass(errors.OutOfValidity, errors.InvalidInput)
    for kind in (errors.DataError, errors.NumericsError):
        assert issubclass(kind, errors.PorticoError)
        assert not issubclass(kind, errors.InvalidInput)
    assert issubclass(errors.ValidityWarning, errors.PorticoWarning)
    assert issubclass(errors.PorticoWarning, UserWarning)


def test_unknown_name_says_what_was_given_where_and_the_nearest_match():
    error = errors.unknown_name("model", "dark_foton", ["dark_photon", "alp"], where="plan.toml: model")
    assert str(error) == (
        "no model named 'dark_foton' in plan.toml: model. Did you mean 'dark_photon'? Known: alp, dark_photon."
    )


def test_nearest_match_ignores_case():
    assert "Did you mean 'GeV'?" in str(errors.unknown_name("unit", "gev", ["GeV", "cm"]))


def test_unknown_name_without_a_near_or_any_match():
    assert str(errors.unknown_name("unit", "zzz", ["GeV"])) == "no unit named 'zzz'. Known: GeV."
    assert str(errors.unknown_name("search", "x", [])) == "no search named 'x'. Known: none."


def test_long_lists_are_cut():
    text = str(errors.unknown_name("particle", "q", [f"p{k:03d}" for k in range(60)]))
    assert "p039, ...." in text
    assert "p040" not in text


def test_unknown_name_survives_pickling():
    error = errors.unknown_name("unit", "zzz", ["GeV"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_message_is_one_readable_line_whatever_it_quotes():
    assert errors.one_line("plain: 'é' of ε") == "plain: 'é' of ε"
    assert errors.one_line("a\nb\tc\x1b[31m\ud800") == r"a\nb\tc\x1b[31m\ud800"
    assert errors.one_line("no file " + "x" * 400) == "no file " + "x" * 400
    assert errors.one_line("no file " + "x" * 401) == "no file " + "x" * 60 + "..." + "x" * 20
    assert len(errors.one_line("word " * 1000)) < 1600
    for kind in (errors.InvalidInput, errors.UnknownName, errors.DataError, errors.NumericsError):
        assert str(kind("key 'a\nb' is wrong.")) == r"key 'a\nb' is wrong."
        again = pickle.loads(pickle.dumps(kind("a\nb")))
        assert (type(again), str(again)) == (kind, r"a\nb")
