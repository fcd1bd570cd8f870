"""pyHanko's speed, one JSON object a line.

usage: rates.py sign FILE.pdf SECONDS NAME FILE.p12 PASSPHRASE [NAME FILE.p12 PASSPHRASE ..]
       rates.py validate FILE.pdf SECONDS TRUSTDIR SCRIPTS   (SCRIPTS: the folder of judge_server.py)
"""
import asyncio
import io
import json
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers


async def measure(name, seconds, work):
    warm = time.perf_counter() + seconds / 3
    await work()
    while time.perf_counter() < warm:
        await work()
    runs, cpu, begun = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - begun < seconds:
        await work()
        runs += 1
    elapsed, used = time.perf_counter() - begun, time.process_time() - cpu
    print(json.dumps({"name": name, "ratePerSecond": runs / elapsed, "cpuMs": used * 1000 / runs}), flush=True)


class KeyKeptSigner(signers.SimpleSigner):
    """SimpleSigner reads and checks its private key twice a signature; this one keeps it, so that the PDF work shows."""

    def __init__(self, plain):
        super().__init__(plain.signing_cert, plain.signing_key, plain.cert_registry)
        self.kept = serialization.load_der_private_key(plain.signing_key.dump(), None)

    async def async_sign_raw(self, data, digest_algorithm, dry_run=False):
        if isinstance(self.kept, rsa.RSAPrivateKey):
            return bytes(self.kept.key_size // 8) if dry_run else self.kept.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return bytes(72) if dry_run else self.kept.sign(data, ec.ECDSA(hashes.SHA256()))


async def sign(file, seconds, *keys):
    pdf = Path(file).read_bytes()

    async def once(signer):
        meta = signers.PdfSignatureMetadata(
            field_name="Signature1", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, reason="Bench"
        )
        await signers.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=signer)

    for algorithm, p12, passphrase in zip(keys[0::3], keys[1::3], keys[2::3]):
        plain = signers.SimpleSigner.load_pkcs12(p12, passphrase=passphrase.encode())
        kept = KeyKeptSigner(plain)
        await measure(f"pyHanko 0.38.0 {algorithm}", seconds, lambda signer=plain: once(signer))
        await measure(f"pyHanko 0.38.0 {algorithm}, key kept open", seconds, lambda signer=kept: once(signer))


async def validate(file, seconds, trust, scripts):
    sys.path.insert(0, scripts)
    from judge_server import Judge

    judge = Judge(trust, offline="true")

    async def once():
        verdict = await judge.judge(file)
        if not all(row["indication"] == "PASSED" for row in verdict["signatures"] + verdict["timestamps"]):
            raise SystemExit("pyHanko does not accept the file to be validated")

    await measure("pyHanko 0.38.0 validate", seconds, once)


what, file, seconds, *rest = sys.argv[1:]
asyncio.run({"sign": sign, "validate": validate}[what](file, float(seconds), *rest))
