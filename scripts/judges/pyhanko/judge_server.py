"""pyHanko for many files in one process: one request a line in (a URL query string), one JSON object a line out.

Request: file, trust (folder of anchors), and optionally extra (folder of other certificates), at (ISO 8601), offline,
revocation (require, hard-fail, soft-fail, none), freshnessDays.
"""
import asyncio
import json
import logging
import sys
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl

from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
    bootstrap_validation_data_handlers,
)
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy, FreshnessReqType, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


def load_certificates(folder):
    if not folder:
        return []
    found = []
    for path in sorted(p for p in Path(folder).iterdir() if p.is_file()):
        content = path.read_bytes()
        ders = [der for _, _, der in pem.unarmor(content, multiple=True)] if pem.detect(content) else [content]
        found += [x509.Certificate.load(der) for der in ders]
    return found


def iso(moment):
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z") if moment else None


def common_name(status):
    return status.signing_cert.subject.native.get("common_name")


def problem(error):
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def describe_indication(subindication):
    passed = subindication.status.name == "PASSED"
    return {"indication": subindication.status.name, "subIndication": None if passed else subindication.standard_name}


def describe_status(status):
    return {"signedBy": common_name(status), "intact": status.intact, "valid": status.valid, "trusted": status.trusted}


def describe_timestamp(status):
    if status is None:
        return None
    return {
        "time": iso(status.timestamp),
        "intact": status.intact,
        "valid": status.valid,
        "trusted": status.trusted,
        "producedBy": common_name(status),
    }


def describe_changes(signature):
    """What happened to the file after this signature: `PASSED` alone says nothing about it."""
    info = signature.summarise_integrity_info()
    difference = info["diff_result"]
    coverage = info["coverage"].name
    suspicious = difference is not None and not hasattr(difference, "modification_level")
    if suspicious:
        level = "OTHER"
    elif difference:
        level = difference.modification_level.name
    else:
        level = "NONE" if coverage == "ENTIRE_FILE" else None
    return {
        "coverage": coverage,
        "laterChanges": level,
        "docmdpOk": bool(info["docmdp_ok"]),
        "suspicious": str(difference) if suspicious else None,
    }


def blank(signature):
    is_timestamp = signature.sig_object_type == "/DocTimeStamp"
    return {
        "field": signature.field_name,
        "kind": "document-timestamp" if is_timestamp else "signature",
        "subFilter": str(signature.sig_object.get("/SubFilter")).lstrip("/"),
        "process": None,
        "indication": None,
        "subIndication": None,
        "why": None,
        "signedBy": None,
        "intact": False,
        "valid": False,
        "trusted": False,
        "claimedTime": None,
        "bestTime": None,
        "coverage": None,
        "laterChanges": None,
        "docmdpOk": False,
        "suspicious": None,
        "timestamp": None,
        "error": None,
    }


class Judge:
    """One question's trust and rules."""

    def __init__(self, trust, extra=None, at=None, offline="false", revocation="require", freshnessDays=None):
        self.anchors, self.extra = load_certificates(trust), load_certificates(extra)
        self.at = datetime.fromisoformat(at.replace("Z", "+00:00")) if at else None
        self.fetching = RevinfoOnlineFetchingRule.LOCAL_ONLY if offline == "true" else RevinfoOnlineFetchingRule.NO_HISTORICAL_FETCH
        self.revocation = NO_REVOCATION if revocation == "none" else RevocationCheckingPolicy.from_legacy(revocation)
        self.freshness = {}
        if freshnessDays:
            self.freshness = {
                "freshness": timedelta(days=int(freshnessDays)),
                "freshness_req_type": FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
            }

    def rules(self, knowledge):
        policy = CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=self.anchors),
            revinfo_policy=CertRevTrustPolicy(self.revocation, **self.freshness),
        )
        gathering = RevocationInfoGatheringSpec(self.fetching)
        return PdfSignatureValidationSpec(SignatureValidationSpec(policy, gathering, local_knowledge=knowledge), DEFAULT_DIFF_POLICY)

    async def judge(self, path):
        with open(path, "rb") as file:
            reader = PdfFileReader(file, strict=False)
            rows = [await self.judge_signature(reader, signature) for signature in reader.embedded_signatures]
        return {
            "file": path,
            "signatures": [row for row in rows if row["kind"] == "signature"],
            "timestamps": [row for row in rows if row["kind"] == "document-timestamp"],
            "error": None,
        }

    async def judge_signature(self, reader, signature):
        row = blank(signature)
        try:
            signature.compute_integrity_info(DEFAULT_DIFF_POLICY)
            now = self.at or datetime.now(timezone.utc)
            timing = ValidationTimingInfo(now, now, point_in_time_validation=self.at is not None)
            if row["kind"] == "document-timestamp":
                await self.judge_document_timestamp(row, reader, signature, timing)
            else:
                await self.judge_person(row, reader, signature, timing)
            row.update(describe_changes(signature))
        except Exception as error:  # an unreadable signature is an answer, not the end of the judge
            row["error"] = problem(error)
        return row

    def knowledge(self, reader):
        local = ades._dss_to_local_knowledge(reader)
        return LocalKnowledge(local.known_ocsps, local.known_crls, local.known_certs + self.extra)

    async def judge_document_timestamp(self, row, reader, signature, timing):
        rules = self.rules(self.knowledge(reader)).signature_validation_spec
        result = await ades.ades_timestamp_validation(
            signature.signed_data,
            rules,
            lambda _algorithm: signature.compute_digest(),
            timing_info=timing,
            validation_data_handlers=bootstrap_validation_data_handlers(rules, timing_info=timing),
            status_cls=TimestampSignatureStatus,
        )
        row.update(describe_indication(result.ades_subindic), why=result.failure_msg)
        if result.api_status:
            row.update(describe_status(result.api_status), timestamp=describe_timestamp(result.api_status))

    async def judge_person(self, row, reader, signature, timing):
        """The process that fits what the file holds: the long-term one calls any plain B-B file a failure."""
        signer = signature.signed_data["signer_infos"][0]
        unsigned = signer["unsigned_attrs"]
        has_timestamp = any(attribute["type"].native == "signature_time_stamp_token" for attribute in unsigned)
        has_archive = any(t.signed_revision > signature.signed_revision for t in reader.embedded_timestamp_signatures)
        row["process"] = "lta" if has_archive else "with-time" if has_timestamp else "basic"
        if has_archive:
            result = await ades.ades_lta_validation(signature, self.rules(LocalKnowledge(known_certs=self.extra)), timing)
        else:
            rules = self.rules(self.knowledge(reader)).signature_validation_spec
            validate = ades.ades_with_time_validation if has_timestamp else ades.ades_basic_validation
            result = await validate(
                signature.signed_data,
                rules,
                timing_info=timing,
                validation_data_handlers=bootstrap_validation_data_handlers(rules, timing_info=timing),
                raw_digest=signature.compute_digest(),
            )
        row.update(describe_indication(result.ades_subindic), why=result.failure_msg)
        row["bestTime"] = iso(getattr(result, "best_signature_time", None))
        status = result.api_status
        if status:
            row.update(describe_status(status), claimedTime=iso(status.signer_reported_dt))
            row["timestamp"] = describe_timestamp(status.timestamp_validity)


async def answer(request):
    path = request.pop("file", None)
    try:
        return await Judge(**request).judge(path)
    except Exception as error:
        return {"file": path, "signatures": [], "timestamps": [], "error": problem(error)}


async def serve():
    for line in sys.stdin:
        request = dict(parse_qsl(line.strip(), keep_blank_values=True))
        print(json.dumps(await answer(request)), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
