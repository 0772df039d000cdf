from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

import classifier as package
from classifier.errors import ModelError
from classifier.model import FORMAT, BlockClassifier
from classifier.storage import load_classifier, save_classifier

if TYPE_CHECKING:
    from classifier.dataset import Dataset


class Evil:
    """Pickles to a call that makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


def test_a_saved_classifier_answers_as_before(classifier: BlockClassifier, model: Path, dataset: Dataset) -> None:
    loaded = load_classifier(model)
    assert loaded.version_ == classifier.version_
    assert loaded.get_params() == classifier.get_params()
    features = dataset.examples[0].features
    np.testing.assert_array_equal(loaded.predict_proba(features), classifier.predict_proba(features))


def test_saving_makes_the_folder_and_leaves_nothing_else(classifier: BlockClassifier, tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "model.skops"
    save_classifier(classifier, file)
    save_classifier(classifier, file)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("content", [None, b"", b"no model", b"PK\x03\x04 torn"])
def test_missing_and_damaged_files(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "model.skops"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.skops: .*python -m classifier train"):
        load_classifier(file)


def test_a_truncated_model_is_refused(model: Path, tmp_path: Path) -> None:
    content = model.read_bytes()
    for part in (0.3, 0.9, 0.999):
        (tmp_path / "model.skops").write_bytes(content[: int(len(content) * part)])
        with pytest.raises(ModelError, match="damaged"):
            load_classifier(tmp_path / "model.skops")


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    (tmp_path / "model.skops").write_bytes(pickle.dumps(Evil(harm)))
    with pytest.raises(ModelError, match="damaged, or not a model file"):
        load_classifier(tmp_path / "model.skops")
    assert not harm.exists()


def test_a_file_with_functions_in_it_is_refused(tmp_path: Path) -> None:
    skops.io.dump(FunctionTransformer(Path.touch), tmp_path / "model.skops")
    with pytest.raises(ModelError, match=r"holds types that a model of this package has not \(.*touch"):
        load_classifier(tmp_path / "model.skops")


def test_another_estimator_is_refused(tmp_path: Path) -> None:
    skops.io.dump(LogisticRegression(), tmp_path / "model.skops")
    with pytest.raises(ModelError, match="holds a LogisticRegression, not a BlockClassifier"):
        load_classifier(tmp_path / "model.skops")


def test_an_untrained_classifier_is_refused(tmp_path: Path) -> None:
    save_classifier(BlockClassifier(), tmp_path / "model.skops")
    with pytest.raises(ModelError, match="is not trained"):
        load_classifier(tmp_path / "model.skops")


def test_a_model_of_another_version_is_refused(
    classifier: BlockClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "format_", FORMAT + 1)
    save_classifier(classifier, tmp_path / "model.skops")
    with pytest.raises(ModelError, match=f"format {FORMAT + 1}, this package reads {FORMAT}"):
        load_classifier(tmp_path / "model.skops")


def test_a_model_that_was_made_for_other_features_is_refused(
    classifier: BlockClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier.first_, "low_", classifier.first_.low_[:-1])
    save_classifier(classifier, tmp_path / "model.skops")
    with pytest.raises(ModelError, match="other features"):
        load_classifier(tmp_path / "model.skops")


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        (None, "confidence_", None),
        (None, "second_", None),
        ("confidence_", "coef_", np.zeros(3, np.float32)),
        ("first_", "layers_", []),
    ],
)
def test_a_model_that_lacks_a_part_is_refused_when_it_is_loaded(
    part: str | None, name: str, value: object, classifier: BlockClassifier, tmp_path: Path
) -> None:
    broken = copy.deepcopy(classifier)
    holder = getattr(broken, part) if part else broken
    if value is None:
        delattr(holder, name)
    else:
        setattr(holder, name, value)
    save_classifier(broken, tmp_path / "model.skops")
    with pytest.raises(ModelError, match="of another version"):
        load_classifier(tmp_path / "model.skops")


def test_the_shipped_model_is_loaded_once() -> None:
    assert load_classifier() is load_classifier()


def test_the_package_works_from_a_zip_file(tmp_path: Path) -> None:
    root = Path(package.__file__).parent
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in root.rglob("*"):
            if file.suffix in (".py", ".skops"):
                zipped.write(file, Path("classifier") / file.relative_to(root))
    program = "import classifier; print(classifier.__file__, len(classifier.extract('<p>Text</p>').blocks))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(archive), "OPENBLAS_NUM_THREADS": "1"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [str(archive / "classifier" / "__init__.py"), "1"]
