"""`fer_dataset import` of CSV files with a header against a second reader, written here from the format's rules.

    python3 tests/apps/import_fuzz_test.py build/bin

The rules: a first line that names the columns, in any order and case; a byte-order mark may stand ahead of it. Lines
end in \\n or \\r\\n, the last end may be missing, and no line is empty but at the end. Fields are separated by commas,
may have blanks around them and quotes around what is left, and then may hold commas but no quotes. `pixels` holds as
many numbers as the picture has, 0 to 255, of one to three digits, separated by runs of blanks; `emotion` a number from
0 to 6; `Usage` Training, PublicTest or PrivateTest in any case; `id` a number that fits into 63 bits.
"""

import collections
import json
import pathlib
import random
import re
import subprocess
import tempfile
import typing

from app_test import AppTest, main

OK, BAD_INPUT = 0, 65
MARK = b"\xef\xbb\xbf"
BLANKS = b" \t"
SPLITS = {b"training": "train", b"publictest": "public_test", b"privatetest": "private_test"}
CLASSES = 7
ROWS_PER_CHUNK = 64  # of a shard's pictures


class Refused(Exception):
    """A line or a file breaks the rules."""


class Face(typing.NamedTuple):
    pixels: bytes
    label: int | None
    id: int | None


class Reading(typing.NamedTuple):
    """What a file holds: the good rows of each split in order, and the numbers of the bad lines."""

    splits: dict[str, list[Face]]
    bad_lines: list[int]


def fields_of(line: bytes) -> list[bytes]:
    fields = []
    while True:
        line = line.strip(BLANKS)
        if line.startswith(b'"'):
            field, quote, line = line[1:].partition(b'"')
            line = line.lstrip(BLANKS)
            if not quote or (line and not line.startswith(b",")):
                raise Refused("a quote is not closed, or something follows it")
            _, comma, line = line.partition(b",")
        else:
            field, comma, line = line.partition(b",")
            if b'"' in field:
                raise Refused("a quote in mid-field")
        fields.append(field.strip(BLANKS))
        if not comma:
            return fields


def number_of(field: bytes, below: int) -> int:
    digits = field.lstrip(b"0")[:20]  # as many tell that a number is too large
    if not re.fullmatch(rb"[0-9]+", field) or int(digits or b"0") >= below:
        raise Refused(f"no number below {below}")
    return int(digits or b"0")


def pixels_of(field: bytes, count: int) -> bytes:
    values = re.split(rb"[ \t]+", field) if field else []
    if len(values) != count:
        raise Refused("another number of pixels")
    if any(len(value) > 3 for value in values):
        raise Refused("more than three digits")
    return bytes(number_of(value, 256) for value in values)


def lines_of(text: bytes) -> list[bytes]:
    body = text.removeprefix(MARK).rstrip(b"\r\n")
    if not body:
        raise Refused("no lines")
    return [line.removesuffix(b"\r") for line in body.split(b"\n")]


def read_strictly(text: bytes, side: int) -> Reading:
    header, *lines = lines_of(text)
    names = [name.lower() for name in fields_of(header)]
    if b"pixels" not in names:
        raise Refused("no column 'pixels'")
    splits = collections.defaultdict(list)
    bad_lines = []
    for number, line in enumerate(lines, start=2):
        try:
            values = fields_of(line)
            if len(values) != len(names):
                raise Refused("another number of fields")
            row = dict(zip(names, values))
            usage = row.get(b"usage", b"Training").lower()
            if usage not in SPLITS:
                raise Refused("another usage")
            label = number_of(row[b"emotion"], CLASSES) if b"emotion" in row else None
            own_id = number_of(row[b"id"], 1 << 63) if b"id" in row else None
            splits[SPLITS[usage]].append(Face(pixels_of(row[b"pixels"], side * side), label, own_id))
        except Refused:
            bad_lines.append(number)
    if not splits:
        raise Refused("no row that can be read")
    return Reading(dict(splits), bad_lines)


class Layout(typing.NamedTuple):
    """How a file is dressed."""

    side: int
    header: bytes
    columns: tuple[str, ...]
    line_end: bytes = b"\n"
    before: bytes = b""  # of the file
    quoted: bool = False


class RowMaker:
    """Good rows of a layout, and bad or strange ones made of them."""

    LABELS = (b"7", b"-1", b"", b"x", b"3.0", b"255", b"256", b"99999999999999999999", b"+1", b"1e0", b" 4 ", b"04",
              b"nan", b"1\x00", b"\xd9\xa3", b'"2"', b"0" * 5000 + b"6", b"1 2", b"0x1", b"--1", b"6", b"\t5\t")
    USAGES = (b"training", b"PUBLICTEST", b" PrivateTest ", b"Test", b"", b"Trainin", b"Trainings", b"Private Test",
              b"Training\x00", b"\xc3\x84", b'"Training"', b"train", b"U" * 10000, b"publictest\r", b"0")
    PIXELS = (b"256", b"-1", b"NaN", b"x", b"1000", b"0255", b"1.0", b"1e2", b"+5", b"300", b"", b"\xef\xbc\x91",
              b"\x00", b"0x1", b"007", b"00", b"999", b"12\r", b"1:", b"1/", b"\xb1", b"-0", b"255", b"0" * 5000,
              b'"1"', b"1;2", b"1\x0b2", b"1\x0c", b"1\xc2\xa02", b"1_0")
    IDS = (b"-1", b"", b"x", b"9223372036854775807", b"9223372036854775808", b"18446744073709551615", b"00012", b"1.5")
    BYTES = (b",", b'"', b'""', b"\x00", b"\r", b"\t", b" ", b"\xff", MARK, b"\xc2\xa0", b"0", b"9", b"x", b"-", b"\n",
             b"\r\n", b"\n\n", b";", b"'", b"\x1a")

    def __init__(self, layout: Layout, seed: int) -> None:
        self.layout = layout
        self.random = random.Random(seed)

    def row(self) -> dict[str, bytes]:
        count = self.layout.side ** 2
        constant = self.random.random() < 0.1
        values = [self.random.randrange(256)] * count if constant else self.random.choices(range(256), k=count)
        values = {"emotion": b"%d" % self.random.randrange(CLASSES), "pixels": b" ".join(b"%d" % v for v in values),
                  "Usage": self.random.choices((b"Training", b"PublicTest", b"PrivateTest"), (8, 1, 1))[0],
                  "id": b"%d" % self.random.randrange(100000), "Photographer": b"an \"other\"".replace(b'"', b"'")}
        return {column: values[column] for column in self.layout.columns}

    def line(self, row: dict[str, bytes]) -> bytes:
        fields = [b'"' + field + b'"' if self.layout.quoted else field for field in row.values()]
        return b",".join(fields) + self.layout.line_end

    def good_line(self) -> bytes:
        return self.line(self.row())

    def mutated_line(self) -> bytes:
        """A row with a fault or an oddity, sometimes with two of them."""
        row = self.row()
        self.random.choice((self.change_value, self.change_pixel, self.change_pixel_count, self.change_blanks,
                            self.change_quotes, lambda row: None))(row)
        line = self.line(row)
        for _ in range(self.random.choice((0, 0, 1, 1, 2))):
            line = self.random.choice((self.insert, self.remove, self.overwrite, self.cut, self.add_lines))(line)
        return line

    def change_value(self, row: dict[str, bytes]) -> None:
        known = {"emotion": self.LABELS, "Usage": self.USAGES, "id": self.IDS}
        column = self.random.choice([column for column in row if column in known])
        row[column] = self.random.choice(known[column])

    def change_pixel(self, row: dict[str, bytes]) -> None:
        values = row["pixels"].split(b" ")
        values[self.random.randrange(len(values))] = self.random.choice(self.PIXELS)
        row["pixels"] = b" ".join(values)

    def change_pixel_count(self, row: dict[str, bytes]) -> None:
        values = row["pixels"].split(b" ")
        changed = self.random.choice((values[1:], values[:-1], values + [b"0"], values * 2, [], values[:1],
                                      values[:len(values) // 2], values + [b""]))
        row["pixels"] = b" ".join(changed)

    def change_blanks(self, row: dict[str, bytes]) -> None:
        old, new = self.random.choice(((b" ", b"\t"), (b" ", b"  "), (b" ", b" \t "), (b" ", b","), (b" ", b""),
                                       (b" ", b"\xc2\xa0"), (b" ", b"\n"), (b" ", b"\x00")))
        row["pixels"] = row["pixels"].replace(old, new, 1 if new == b"\n" else self.random.choice((1, 2, -1)))
        column = self.random.choice(list(row))
        before, after = self.random.choice((b" ", b"\t", b"", b" " * 5000)), self.random.choice((b" ", b""))
        row[column] = before + row[column] + after

    def change_quotes(self, row: dict[str, bytes]) -> None:
        column = self.random.choice(list(row))
        row[column] = self.random.choice((b'"%b"', b'"%b', b'%b"', b'""%b""', b' "%b" ', b'"%b"x', b'x"%b"', b'" %b\t"',
                                          b'"%b""', b'"%b,"', b"'%b'")) % row[column]

    def place(self, line: bytes) -> int:
        return self.random.randrange(len(line) + 1)

    def insert(self, line: bytes) -> bytes:
        place = self.place(line)
        return line[:place] + self.random.choice(self.BYTES) + line[place:]

    def remove(self, line: bytes) -> bytes:
        """A byte anywhere, or a comma, or the line's end."""
        place = self.random.choice((self.place(line), line.find(b","), len(line) - 1))
        return line[:max(place, 0)] + line[max(place, 0) + 1:]

    def overwrite(self, line: bytes) -> bytes:
        place = self.place(line)
        return line[:place] + bytes((self.random.randrange(256),)) + line[place + 1:]

    def cut(self, line: bytes) -> bytes:
        return line[:self.place(line)] + self.random.choice((b"", b"\n"))

    def add_lines(self, line: bytes) -> bytes:
        extra = self.random.choice((b"\n", b"\r\n", b"\r", b" \n", b",,\n", MARK, b'"\n', b"\r\r\n"))
        return self.random.choice((extra + line, line + extra))

    def file(self, mutated: int) -> bytes:
        """Begins with a good row, since the first one tells the size of all pictures."""
        parts = [self.layout.before, self.layout.header, self.layout.line_end, self.good_line()]
        while mutated > 0:
            bad = self.random.random() < 0.75
            parts.append(self.mutated_line() if bad else self.good_line())
            mutated -= bad
        return b"".join(parts)


class ImportTest(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        cls.keeper = tempfile.TemporaryDirectory(prefix="fer-test-")
        cls.folder = pathlib.Path(cls.keeper.name)

    def import_text(self, name: str, text: bytes, *options: object) -> tuple:
        """Imports a file of these bytes. @return how it ended, and where the dataset is."""
        source, out = self.folder / f"{name}.csv", self.folder / name
        source.write_bytes(text)
        return self.run_app("fer_dataset", "import", source, "--out", out, "--quiet", *options), out

    def expect_holds(self, out: pathlib.Path, reading: Reading, text: bytes) -> None:
        """Compares all that a dataset holds with a reading: splits, skipped lines, pixels, labels, ids, their order."""
        manifest = json.loads((out / "dataset.json").read_text())
        found = [re.fullmatch(r"'.*\.csv' line (\d+): .+\.", text) for text in manifest["passport"]["skipped"]]
        self.assertNotIn(None, found)
        skipped = sorted(int(match[1]) for match in found)
        lines = text.split(b"\n")
        differing = sorted(set(skipped) ^ set(reading.bad_lines))
        self.assertEqual(skipped, reading.bad_lines, [(n, lines[n - 1][:300]) for n in differing[:5]])
        samples = {name: split["samples"] for name, split in manifest["splits"].items() if split["samples"]}
        self.assertEqual(samples, {name: len(faces) for name, faces in reading.splits.items()})
        for name, faces in reading.splits.items():
            with self.subTest(split=name):
                self.expect_split(out, manifest["splits"][name], faces)

    def expect_split(self, out: pathlib.Path, split: dict, faces: list[Face]) -> None:
        values = collections.Counter(b"".join(face.pixels for face in faces))
        self.assertEqual(split["histogram"], [values[value] for value in range(256)])
        if faces[0].label is not None:
            labels = collections.Counter(face.label for face in faces)
            self.assertEqual(split["class_counts"], [labels[label] for label in range(CLASSES)])
        row = 0
        for shard in split["shards"]:
            self.expect_shard((out / shard["file"]).read_bytes(), faces[row:row + shard["rows"]], row)
            row += shard["rows"]
        self.assertEqual(row, len(faces))

    def expect_shard(self, content: bytes, faces: list[Face], first_row: int) -> None:
        """A shard keeps its values as they are, chunk by chunk, so that those of a chunk stand in its file."""
        for begin in range(0, len(faces), ROWS_PER_CHUNK):
            chunk = b"".join(face.pixels for face in faces[begin:begin + ROWS_PER_CHUNK])
            self.assertIn(chunk, content, f"pixels of the {len(faces)} rows from {first_row}")
        if faces and faces[0].label is not None:
            self.assertTrue(bytes(face.label for face in faces) in content, "labels")
        # Rows without an id are numbered before those with bad pixels are left out: then ids are in the file alone.
        if faces and faces[0].id is not None:
            self.assertTrue(b"".join(face.id.to_bytes(8, "little") for face in faces) in content, "ids")


class MutatedRows(ImportTest):
    """Ten thousand mutated rows among good ones: a row is kept as the second reader reads it, or listed by its line."""

    LAYOUTS = (
        (1500, Layout(4, b"emotion,pixels,Usage", ("emotion", "pixels", "Usage"))),
        (1500, Layout(4, b"Usage,Emotion,PIXELS", ("Usage", "emotion", "pixels"), b"\r\n", MARK)),
        (1000, Layout(4, b"emotion,pixels", ("emotion", "pixels"))),
        (1250, Layout(8, b"id, pixels , EMOTION", ("id", "pixels", "emotion"))),
        (1250, Layout(8, b'"emotion","pixels","Usage"', ("emotion", "pixels", "Usage"), quoted=True)),
        (1250, Layout(12, b"emotion,Photographer,pixels,Usage", ("emotion", "Photographer", "pixels", "Usage"))),
        (1250, Layout(12, b"pixels,usage,id,emotion", ("pixels", "Usage", "id", "emotion"), b"\r\n")),
        (1000, Layout(48, b"emotion,pixels,Usage", ("emotion", "pixels", "Usage"))),  # several blocks of the reader
    )

    def test_every_row_is_kept_as_it_is_or_listed(self) -> None:
        kept = skipped = 0
        for number, (mutated, layout) in enumerate(self.LAYOUTS):
            with self.subTest(layout=layout):
                text = RowMaker(layout, seed=number).file(mutated)
                reading = read_strictly(text, layout.side)
                result, out = self.import_text(f"mutated-{number}", text, "--on-error", "skip", "--shards", 3)
                self.assertEqual(result.code, OK, result)
                self.expect_holds(out, reading, text)
                kept += sum(map(len, reading.splits.values()))
                skipped += len(reading.bad_lines)
        print(f"mutated files: {kept} rows kept, {skipped} lines listed")

    def test_without_skip_the_first_bad_row_is_named(self) -> None:
        text = b"emotion,pixels\n0,1 2 3 4\n1,1 2 3 4\n0,1 2 3\n0,1 2 3 4\n"
        result, out = self.import_text("not-skipped", text)
        self.assertEqual(result.code, BAD_INPUT, result)
        self.assertIn("not-skipped.csv' line 4: it has 3 pixels", result.err)
        self.assertFalse(out.exists())


class CutFile(ImportTest):
    """A file that was cut at any byte is refused, or holds what is still there."""

    TEXT = b"emotion,pixels\n" + b"".join(b"%d,%d\n" % (i % 7, 37 * i % 256) for i in range(12))  # pictures of 1x1

    def expect_refused_or_whole(self, length: int) -> bool:
        """@return whether the file was refused."""
        text = self.TEXT[:length]
        try:
            reading = read_strictly(text, side=1)
        except Refused:
            reading = None
        result, out = self.import_text(f"cut-{length}", text)
        if reading is None or reading.bad_lines:
            self.assertEqual(result.code, BAD_INPUT, result)
            self.assertIn(f"cut-{length}.csv", result.err)
            self.assertFalse(out.exists())
            return True
        self.assertEqual(result.code, OK, result)
        self.expect_holds(out, reading, text)
        return False

    def test_every_byte(self) -> None:
        refused = [self.expect_refused_or_whole(length) for length in range(len(self.TEXT))]
        print(f"{len(refused)} cuts: {sum(refused)} refused, {len(refused) - sum(refused)} read")
        self.assertGreater(sum(refused), 30)


class Files(ImportTest):
    """What concerns a file as a whole."""

    def expect_refused(self, name: str, text: bytes, *parts: str) -> None:
        with self.subTest(name):
            result, out = self.import_text(name, text, "--on-error", "skip")
            self.assertEqual(result.code, BAD_INPUT, result)
            for part in (f"{name}.csv", *parts):
                self.assertIn(part, result.err)
            self.assertFalse(out.exists())

    def test_what_is_no_table_of_faces_is_refused(self) -> None:
        self.expect_refused("empty", b"")
        self.expect_refused("ends", b"\r\n\n\n")
        self.expect_refused("mark", MARK)
        self.expect_refused("wide", "emotion,pixels\n0,1 2 3 4\n".encode("utf-16"))
        self.expect_refused("header", b"emotion,pixels\n")
        self.expect_refused("semicolons", b"emotion;pixels\n0;1 2 3 4\n", "pixels")
        self.expect_refused("twice", b"pixels,emotion,Pixels\n1,0,1\n", "two columns")
        self.expect_refused("quote", b'emotion,"pixels\n0,1 2 3 4\n')
        self.expect_refused("blank-first", b"\nemotion,pixels\n0,1 2 3 4\n")
        self.expect_refused("noise", random.Random(1).randbytes(5000))

    def test_a_negative_zero_is_no_label(self) -> None:
        result, _ = self.import_text("negative-zero", b"emotion,pixels\n0,1 2 3 4\n-0,5 6 7 8\n")
        self.assertEqual(result.code, BAD_INPUT, result)

    def test_a_bare_carriage_return_does_not_hide_a_row(self) -> None:
        result, _ = self.import_text("bare-return", b"emotion,pixels\r0,1 2 3 4\n1,5 6 7 8\n")
        self.assertEqual(result.code, BAD_INPUT, f"the first row is neither kept nor refused: {result}")

    def test_a_long_header_is_read_whole_or_refused(self) -> None:
        header = b"emotion,pixels,".ljust(4093) + b"Usage"
        result, out = self.import_text("long-header", header + b"\n0,1 2 3 4,Training\n1,5 6 7 8,PublicTest\n")
        if result.code == OK:
            self.assertEqual(set(json.loads((out / "dataset.json").read_text())["splits"]), {"train", "public_test"})
        else:
            self.assertEqual(result.code, BAD_INPUT, result)

    def test_a_split_without_a_good_row_can_be_verified(self) -> None:
        for name, bad_row in (("bad-label", b"9,1 2 3 4"), ("bad-pixel", b"3,1 2 x 4")):
            with self.subTest(name):
                text = b"emotion,pixels,Usage\n0,1 2 3 4,Training\n" + bad_row + b",PublicTest\n"
                result, out = self.import_text(name, text, "--on-error", "skip")
                self.assertEqual(result.code, OK, result)
                verified = self.run_app("fer_dataset", "verify", out)
                self.assertEqual(verified.code, OK, verified)

    def test_names_that_are_not_utf8_are_no_fault_of_ours(self) -> None:
        good = b"emotion,pixels\n0,1 2 3 4\n"
        source, out = pathlib.Path(f"{self.folder}/caf\udce9.csv"), self.folder / "latin-1-name"
        source.write_bytes(good + b"0,1 2 3\n")
        self.expect_no_internal_error(source, out, "--on-error", "skip")
        pair = self.folder / "pair"
        pair.mkdir()
        (pair / "train.csv").write_bytes(good)
        (pair / "test.csv").write_bytes(b"id,pixels\n1,1 2 3 4\n")
        (pair / "sampleSubmission.csv").write_bytes(b"id,\xe9motion\n1,0\n")
        self.expect_no_internal_error(pair, self.folder / "latin-1-header")

    def expect_no_internal_error(self, source: pathlib.Path, out: pathlib.Path, *options: object) -> None:
        with self.subTest(out.name):
            command = self.command("fer_dataset", "import", source, "--out", out, *options)
            result = subprocess.run(command, capture_output=True, timeout=120)  # what it prints is not UTF-8 either
            self.assertIn(result.returncode, (OK, BAD_INPUT), result)
            if result.returncode != OK:
                self.assertFalse(out.exists(), "nothing half-written")


if __name__ == "__main__":
    main()
