"""sheets.py - valid sheets as plain dictionaries (the JSON form of referral.Sheet), to be changed by the tests. All invented."""
import copy

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def resident_id(first_17):
    """With its check character (ISO 7064 MOD 11-2)."""
    return first_17 + "10X98765432"[sum(int(d) * w for d, w in zip(first_17, _WEIGHTS)) % 11]


UP = {
    "sender_reference": "T07-2026-000001",
    "direction": "UP", "kind": "OUTPATIENT", "priority": "ROUTINE",
    "sender": "T07", "receiver": "H1", "department": "NK",
    "doctor": {"name": "王医生", "phone": "022-29001111"},
    "patient": {"name": "测试患者", "sex": "MALE", "birth_date": "1960-05-12", "id_type": "RESIDENT_ID",
                "id_value": resident_id("12022419600512101"), "address": "宝坻区测试路 1 号", "phone": "19912345678"},
    "record_number": "DA-0001",
    "diagnoses": [{"icd10": "I20.9", "text": "胸痛待查"}],
    "present_history": "活动后胸闷三天,休息可缓解。", "past_history": "无", "treatment": "口服药物",
    "consent": "GIVEN",
}

DOWN = {
    "sender_reference": "H1-2026-000001",
    "direction": "DOWN", "kind": "FOLLOW_UP", "priority": "ROUTINE",
    "sender": "H1", "receiver": "T07", "department": "QK",
    "doctor": {"name": "何医生", "phone": "022-29002222"},
    "patient": copy.deepcopy(UP["patient"]),
    "record_number": "ZY-0001",
    "diagnoses": [{"icd10": "I20.9", "text": "心绞痛"}],
    "treatment": "药物治疗", "main_results": "冠脉 CTA 轻度狭窄",
    "hospital_findings": "住院五天,症状缓解。", "further_plan": "继续口服药物,一月后复查。",
    "consent": "GIVEN",
}

EMERGENCY = {
    "direction": "LATERAL", "kind": "INPATIENT", "priority": "EMERGENCY", "emergency_category": "STROKE",
    "sender": "E120", "receiver": "H1",
    "doctor": {"name": "急救员", "phone": "19900001200"},
    "patient": {"sex": "SEX_UNKNOWN", "age_unknown": True},
    "diagnoses": [{"text": "突发偏瘫"}],
    "consent": "EMERGENCY_EXCEPTION",
}

BASES = {"up": UP, "down": DOWN, "emergency": EMERGENCY}


def steps(path):
    """"diagnoses[0].icd10" -> ["diagnoses", 0, "icd10"]"""
    for part in path.split("."):
        name, _, index = part.partition("[")
        yield name
        if index:
            yield int(index.rstrip("]"))


def put(sheet, path, value):
    *way, last = steps(path)
    for i, step in enumerate(way):
        if isinstance(sheet, dict) and step not in sheet:
            follows = (way + [last])[i + 1]
            sheet[step] = [] if isinstance(follows, int) else {}
        if isinstance(sheet, list):
            while len(sheet) <= step:
                sheet.append({})
        sheet = sheet[step]
    if isinstance(sheet, list):
        while len(sheet) <= last:
            sheet.append({})
    sheet[last] = value


def drop(sheet, path):
    *way, last = steps(path)
    for step in way:
        sheet = sheet[step]
    del sheet[last]


def made(base, changes=None, without=()):
    """A copy of a base sheet with `changes` ({path: value}) and `without` (paths)."""
    sheet = copy.deepcopy(BASES[base])
    for path in without:
        drop(sheet, path)
    for path, value in (changes or {}).items():
        put(sheet, path, value)
    return sheet
