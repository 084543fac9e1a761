"""What publishers publish, made on the spot: their archives, folders, file names, tables and columns, with drawn pixels.

Each function returns {file name: content} of one source; nothing of a real image is in it.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from xml.sax.saxutils import escape

import h5py
import numpy as np
from PIL import Image

FINDINGS = (
    "Infiltration", "Effusion", "Atelectasis", "Nodule", "Mass", "Consolidation", "Pneumothorax", "Pleural Thickening",
    "Cardiomegaly", "Emphysema", "Edema", "Fibrosis", "Pneumonia", "Hernia",
)  # fmt: skip
FURTHER = (
    "No Finding", "Subcutaneous Emphysema", "Tortuous Aorta", "Calcification of the Aorta", "Pneumoperitoneum",
    "Pneumomediastinum",
)  # fmt: skip


def pixels(seed: int, height: int = 40, width: int = 40, channels: int = 1) -> np.ndarray:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(image: np.ndarray, kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.fromarray(image).save(content, format=kind)
    return content.getvalue()


def zipped(entries: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in entries.items():
            archive.writestr(zipfile.ZipInfo(name), value)
    return content.getvalue()


def tarred(entries: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        folder = tarfile.TarInfo("images")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, value in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(value)
            archive.addfile(info, io.BytesIO(value))
    return content.getvalue()


def chestmnist(size: int = 64) -> dict[str, bytes]:
    draw = np.random.default_rng(size)
    counts = {"train": 12, "val": 4, "test": 6}
    content = io.BytesIO()
    np.savez_compressed(
        content,
        **{f"{part}_images": draw.integers(0, 256, (n, size, size), dtype=np.uint8) for part, n in counts.items()},
        **{f"{part}_labels": draw.integers(0, 2, (n, 14), dtype=np.uint8) for part, n in counts.items()},
    )
    return {f"chestmnist{'' if size == 28 else f'_{size}'}.npz": content.getvalue()}


def nih_cxr_lt() -> dict[str, bytes]:
    """Return 12 archives and 4 tables: 24 patients with two images each, the 5th to 8th of which have no finding."""
    parts = {"train": range(1, 17), "val": range(17, 20), "test": range(20, 25)}
    names = {f"{patient:08d}_{k:03d}.png": patient for patient in range(1, 25) for k in range(2)}
    found = {name: [] if i in (5, 6, 7, 8) else [FINDINGS[i % 14]] for i, name in enumerate(names)}
    files: dict[str, bytes] = {}
    for n in range(12):
        chosen = sorted(names)[4 * n : 4 * n + 4]
        files[f"images_{n + 1:03d}.tar.gz"] = tarred(
            {f"images/{name}": encoded(pixels(names[name], 64, 64)) for name in chosen}
        )
    header = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    header += "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
    lines = [
        f"{name},{'|'.join(label.replace(' ', '_') for label in found[name]) or 'No Finding'},{name[9:12]},{patient},"
        f"{50 + patient},{'FM'[patient % 2]},PA,2682,2749,0.143,0.143,"
        for name, patient in names.items()
    ]
    files["Data_Entry_2017_v2020.csv"] = "\n".join([header, *lines]).encode()
    for part, patients in parts.items():
        rows = ["id," + ",".join((*FINDINGS, *FURTHER)) + ",subj_id"]
        for name, patient in names.items():
            if patient in patients:
                present = [int(finding in found[name]) for finding in FINDINGS]
                further = [int(not found[name]), 0, int(patient == 3), 0, 0, 0]
                rows.append(f"{name},{','.join(map(str, present + further))},{patient}")
        files[f"miccai2023_nih-cxr-lt_labels_{part}.csv"] = "\n".join(rows).encode()
    return files


def kermany() -> dict[str, bytes]:
    entries = {"chest_xray/.DS_Store": b"junk", "__MACOSX/chest_xray/._train": b"junk"}
    for part, first in (("train", 100), ("test", 200)):
        for i in range(4):
            jpeg = encoded(pixels(first + i, 50, 70), "JPEG")
            entries[f"chest_xray/{part}/NORMAL/NORMAL-{first + i}-0001.jpeg"] = jpeg
            cause = ("BACTERIA", "VIRUS")[i % 2]
            entries[f"chest_xray/{part}/PNEUMONIA/{cause}-{first + i // 2}-000{i + 1}.jpeg"] = jpeg
    return {"ChestXRay2017.zip": zipped(entries)}


def matlab(label: int, patient: str, image: np.ndarray) -> bytes:
    """Return a MATLAB v7.3 file with the struct cjdata: numbers as doubles [1, 1], text as uint16, columns first."""
    content = io.BytesIO()
    with h5py.File(content, "w", userblock_size=512) as data:
        struct = data.create_group("cjdata")
        struct.attrs["MATLAB_class"] = np.bytes_("struct")
        struct["label"] = np.array([[float(label)]])
        struct["PID"] = np.array([[ord(letter)] for letter in patient], dtype=np.uint16)
        struct["image"] = image.T
        struct["tumorMask"] = (image.T > 0).astype(np.uint8)
        struct["tumorBorder"] = np.array([[1.0, 2.0, 3.0]])
    head = b"MATLAB 7.3 MAT-file, Platform: PCWIN64, HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
    return head.ljust(512, b"\0") + content.getvalue()[512:]


CHENG_ARCHIVES = ("1-766", "767-1532", "1533-2298", "2299-3064")


def figshare_cheng() -> dict[str, bytes]:
    """Return four archives of three slices each, numbered through, and the folds; patient 3 has slices 7 to 9."""
    files = {}
    for n, span in enumerate(CHENG_ARCHIVES):
        slices = {}
        for number in range(3 * n + 1, 3 * n + 4):
            values = np.random.default_rng(number).integers(0, 3000, (32, 24)).astype(np.int16)
            slices[f"{number}.mat"] = matlab((1, 2, 3, 2)[n], f"10{n + 1}MR", values)
        files[f"brainTumorDataPublic_{span}.zip"] = zipped(slices)
    content = io.BytesIO()
    with h5py.File(content, "w") as data:
        data["cvind"] = np.repeat(np.arange(1.0, 5.0), 3)[None]
    return files | {"cvind.mat": content.getvalue()}


def nickparvar() -> dict[str, bytes]:
    entries = {}
    for folder, short, n in (("Training", "Tr", 3), ("Testing", "Te", 2)):
        for label in ("glioma", "meningioma", "notumor", "pituitary"):
            for i in range(n):
                image = encoded(pixels(i, 40, 40, 3), "JPEG")
                entries[f"{folder}/{label}/{short}-{label[:2]}_{i + 10:04d}.jpg"] = image
    return {"archive.zip": zipped(entries)}


def brisc() -> dict[str, bytes]:
    codes = {"glioma": "gl", "meningioma": "me", "no_tumor": "no", "pituitary": "pi"}
    entries, number = {}, 0
    for part in ("train", "test"):
        for label, code in codes.items():
            for plane in ("ax", "co", "sa"):
                number += 1
                name = f"brisc2025_{part}_{number:05d}_{code}_{plane}_t1.jpg"
                entries[f"brisc2025/classification_task/{part}/{label}/{name}"] = encoded(pixels(number), "JPEG")
                entries[f"brisc2025/segmentation_task/{part}/images/{name}"] = encoded(pixels(number), "JPEG")
    return {"brisc2025.zip": zipped(entries)}


def chen2018() -> dict[str, bytes]:
    """Return the archive of the page, which holds the archive of the images: kneeKL224 and the larger kneeKL299."""
    entries = {}
    for part, first in (("train", 9000000), ("val", 9100000), ("test", 9200000), ("auto_test", 9200000)):
        for grade in range(5):
            for side in "LR":
                for folder in ("kneeKL224", "kneeKL299"):
                    name = f"KneeXrayData/ClsKLData/{folder}/{part}/{grade}/{first + grade}{side}.png"
                    entries[name] = encoded(pixels(grade))
    return {"56rmx5bjcr-1.zip": zipped({"Knee Osteoarthritis/KneeXrayData.zip": zipped(entries)})}


def oai() -> dict[str, bytes]:
    lines = ["ID|SIDE|READPRJ|VERSION|V00XRKL|V00XRJSM"]
    images = {}
    for patient in range(9000001, 9000011):
        for side, letter in (("1: Right", "R"), ("2: Left", "L")):
            lines.append(f"{patient}|{side}|15|0.8|{patient % 5}|0: 0")
            images[f"knees/{patient}_{letter}.png"] = encoded(pixels(patient % 100))
    lines.append("9000001|1|37|0.8|4|1")  # another project reads otherwise
    lines.append("9000099|1|15|0.8|.A: Not Expected|")
    images["knees/9000099_R.png"] = encoded(pixels(1))
    return {"kxr_sq_bu00.txt": "\n".join(lines).encode(), **images}


def most() -> dict[str, bytes]:
    lines, images = ["MOSTID\tV0XRKL\tV0XLKL\tV1XRKL"], {}
    for n in range(10):
        left = {3: "1.9", 4: "X", 5: "."}.get(n, str((n + 1) % 5))
        lines.append(f"MB{n:05d}\t{n % 5}\t{left}\t4")
        images |= {f"knees/MB{n:05d}-{side}.png": encoded(pixels(n)) for side in ("R", "L")}
    return {"MOSTV01235XRAY.txt": "\n".join(lines).encode(), **images}


def eyeq() -> dict[str, bytes]:
    """Return the two tables and the competition's archives, the first of which comes in parts; one image is not graded."""
    files = {}
    for part, first in (("train", 10), ("test", 30)):
        names = [f"{patient}_{eye}" for patient in range(first, first + 6) for eye in ("left", "right")]
        lines = [",image,quality,DR_grade", *(f"{i},{name}.jpeg,{i % 3},{i % 5}" for i, name in enumerate(names[:-1]))]
        files[f"Label_EyeQ_{part}.csv"] = "\n".join(lines).encode()
        images = {f"{part}/{name}.jpeg": encoded(pixels(i, 40, 60, 3), "JPEG") for i, name in enumerate(names)}
        content = zipped(images)
        cut = len(content) // 2
        files |= {f"{part}.zip.001": content[:cut], f"{part}.zip.002": content[cut:]}
    return files


def spreadsheet(rows: list[list[object]]) -> bytes:
    """Return an .xlsx as Excel writes it: texts in a shared table, numbers in place, empty cells left out."""
    texts = sorted({str(value) for row in rows for value in row if isinstance(value, str)})
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

    def cell(row: int, column: int, value: object) -> str:
        place = f"{chr(65 + column)}{row + 1}"
        if isinstance(value, str):
            return f'<c r="{place}" t="s"><v>{texts.index(value)}</v></c>'
        return f'<c r="{place}"><v>{value}</v></c>'

    lines = "".join(
        f'<row r="{i + 1}">{"".join(cell(i, j, value) for j, value in enumerate(row) if value is not None)}</row>'
        for i, row in enumerate(rows)
    )
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    return zipped(
        {
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'.encode(),
            "xl/sharedStrings.xml": f'<sst xmlns="{main}">{shared}</sst>'.encode(),
        }
    )


def deepdrid() -> dict[str, bytes]:
    root = "deepdrdoc-DeepDRiD-0657068/regular_fundus_images"
    header = "patient_id,image_id,image_path,Overall quality,left_eye_DR_Level,right_eye_DR_Level,patient_DR_Level,"
    header += "Clarity,Field definition,Artifact"
    entries = {f"{root.replace('regular_fundus', 'ultra-widefield')}/x/Images/1/1_l1.jpg": encoded(pixels(1), "JPEG")}
    for folder, first in (("regular-fundus-training", 1), ("regular-fundus-validation", 265)):
        lines = [header]
        for patient in range(first, first + 4):
            for view in ("l1", "l2", "r1", "r2"):
                path = f"\\{folder}\\{patient}\\{patient}_{view}.jpg"
                lines.append(f"{patient},{patient}_{view},{path},{int(view[0] == 'l')},0,,0,8,8,4")
                image = encoded(pixels(patient, 40, 44, 3), "JPEG")
                entries[f"{root}/{folder}/Images/{patient}/{patient}_{view}.jpg"] = image
        entries[f"{root}/{folder}/{folder}.csv"] = "\r\n".join(lines).encode()
    evaluation = f"{root}/Online-Challenge1&2-Evaluation"
    rows: list[list[object]] = [["image_id", "Overall quality", "Artifact", "Clarity", "Field definition"]]
    for patient in range(347, 351):
        for view in ("l1", "r1"):
            rows.append([f"{patient}_{view}", int(view == "r1"), 8, 6, 8])
            entries[f"{evaluation}/Images/{patient}/{patient}_{view}.jpg"] = encoded(pixels(patient, 40, 44, 3), "JPEG")
    entries[f"{evaluation}/Challenge2_labels.xlsx"] = spreadsheet(rows)
    return {"DeepDRiD-v1.1.zip": zipped(entries)}


def brset() -> dict[str, bytes]:
    header = (
        "image_id,patient_id,camera,patient_age,comorbidities,diabetes_time_y,insuline,patient_sex,exam_eye,diabetes,"
    )
    header += "nationality,optic_disc,vessels,macula,DR_SDRG,DR_ICDR,focus,Illuminaton,image_field,artifacts,quality"
    lines, images = [header], {}
    for n in range(1, 13):
        quality = "Inadequate" if n % 4 == 0 else "Adequate"
        tail = f"{1 + n % 2},no,Brazil,1,1,1,0,0,1,1,1,1,{quality}"
        lines.append(f"img{n:05d},{(n + 1) // 2},Canon CR,{40 + n},,,no,{1 + n % 2},{tail}")
        images[f"fundus_photos/img{n:05d}.jpg"] = encoded(pixels(n, 40, 44, 3), "JPEG")
    return {"labels_brset.csv": "\n".join(lines).encode(), **images}


def drimdb() -> dict[str, bytes]:
    counts = {"Good": 6, "Bad": 4, "Outlier": 2}
    return {
        f"DRIMDB/{folder}/drimdb_{folder.lower()} ({i + 1}).jpg": encoded(pixels(i, 57, 76, 3), "JPEG")
        for folder, n in counts.items()
        for i in range(n)
    }


ALL = {
    "chestmnist": chestmnist, "nih-cxr-lt": nih_cxr_lt, "kermany": kermany, "figshare-cheng": figshare_cheng,
    "nickparvar": nickparvar, "brisc": brisc, "chen2018": chen2018, "oai": oai, "most": most, "eyeq": eyeq,
    "deepdrid": deepdrid, "brset": brset, "drimdb": drimdb,
}  # fmt: skip
