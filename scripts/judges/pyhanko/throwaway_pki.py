"""A throw-away authority, all in memory: root → issuing authority → signer and time-stamp authority, with CRLs of both issuers.

Nothing names a network address: whoever validates must find everything in the file. No key is ever written.
"""
import datetime as dt
from dataclasses import dataclass

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign import signers, timestamps
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore


@dataclass
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: object

    def asn1_certificate(self):
        return asn1_x509.Certificate.load(self.certificate.public_bytes(serialization.Encoding.DER))

    def asn1_key(self):
        return asn1_keys.PrivateKeyInfo.load(
            self.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def _name(organization, common_name):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*names):
    known = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    ).split()
    return x509.KeyUsage(**{name: name in names for name in known})


class ThrowawayPki:
    """Certificates valid from `start` to `end`; `kind` is the signer's key: `rsa` (2048) or `p256`."""

    def __init__(self, organization, signer, start, end, kind="rsa"):
        self.organization, self.start, self.end = organization, start, end
        self.root = self._issue("Root CA (throw-away)", None, ca=1)
        self.issuing = self._issue("Issuing CA (throw-away)", self.root, ca=0)
        self.signer = self._issue(signer, self.issuing, usage=("digital_signature", "content_commitment"), kind=kind)
        self.tsa = self._issue("Time-stamp authority (throw-away)", self.issuing, usage=("digital_signature",), timestamping=True)

    def _issue(self, common_name, issuer, ca=None, usage=("key_cert_sign", "crl_sign"), timestamping=False, kind="rsa"):
        key = ec.generate_private_key(ec.SECP256R1()) if kind == "p256" else rsa.generate_private_key(65537, 2048)
        subject = _name(self.organization, common_name)
        issuer_key = issuer.key if issuer else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.start)
            .not_valid_after(self.end)
            .add_extension(x509.BasicConstraints(ca=ca is not None, path_length=ca), critical=True)
            .add_extension(_usage(*usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )
        if timestamping:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return Holder(builder.sign(issuer_key, hashes.SHA256()), key)

    def _crl(self, issuer):
        now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
        built = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(self.end)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
            .sign(issuer.key, hashes.SHA256())
        )
        return asn1_crl.CertificateList.load(built.public_bytes(serialization.Encoding.DER))

    def crls(self):
        """Lists of both issuers as of now, good to the end: nobody is revoked."""
        return [self._crl(self.root), self._crl(self.issuing)]

    def store(self):
        store = SimpleCertificateStore()
        store.register_multiple([holder.asn1_certificate() for holder in (self.root, self.issuing, self.tsa)])
        return store

    def pyhanko_signer(self):
        return signers.SimpleSigner(
            signing_cert=self.signer.asn1_certificate(), signing_key=self.signer.asn1_key(), cert_registry=self.store()
        )

    def pyhanko_timestamper(self):
        return timestamps.DummyTimeStamper(
            tsa_cert=self.tsa.asn1_certificate(), tsa_key=self.tsa.asn1_key(), certs_to_embed=self.store()
        )

    def validation_context(self):
        return ValidationContext(
            trust_roots=[self.root.asn1_certificate()],
            other_certs=[self.issuing.asn1_certificate(), self.tsa.asn1_certificate()],
            crls=self.crls(),
            allow_fetching=False,
            revocation_mode="require",
        )
