import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.PDFRevisionWrapper;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.diagnostic.jaxb.XmlObjectModification;
import eu.europa.esig.dss.enumerations.TokenExtractionStrategy;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.validation.PDFDocumentValidator;
import eu.europa.esig.dss.pdf.modifications.DefaultPdfDifferencesFinder;
import eu.europa.esig.dss.pdf.pdfbox.PdfBoxDefaultObjectFactory;
import eu.europa.esig.dss.service.crl.OnlineCRLSource;
import eu.europa.esig.dss.service.http.commons.CommonsDataLoader;
import eu.europa.esig.dss.service.http.commons.OCSPDataLoader;
import eu.europa.esig.dss.service.ocsp.OnlineOCSPSource;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonCertificateSource;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.aia.DefaultAIASource;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.pdfbox.Loader;

/**
 * EU DSS for many files in one JVM. Request: `file`, `trust` (folder of anchors), and optionally `extra` (folder of other
 * certificates), `at` (ISO 8601), `offline`, `visual`. Argument: the policy file.
 */
final class DssJudge {
    private DssJudge() {}

    public static void main(String[] args) throws Exception {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
        System.setProperty("org.slf4j.simpleLogger.showThreadName", "false");
        System.setProperty("org.slf4j.simpleLogger.showShortLogName", "true");
        File policy = new File(args[0]);
        LineServer.serve(request -> judge(request, policy));
    }

    static Reports validate(Map<String, String> request, File policy) throws IOException {
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        load(anchors, request.get("trust"));
        CommonCertificateSource adjunct = new CommonCertificateSource();
        load(adjunct, request.get("extra"));
        CommonCertificateVerifier verifier = new CommonCertificateVerifier(true); // true: nothing online
        verifier.setTrustedCertSources(anchors);
        verifier.setAdjunctCertSources(adjunct);
        if (!"true".equals(request.get("offline"))) goOnline(verifier);

        PDFDocumentValidator validator = new PDFDocumentValidator(new FileDocument(request.get("file")));
        validator.setCertificateVerifier(verifier);
        if (!"true".equals(request.get("visual"))) {
            DefaultPdfDifferencesFinder differences = new DefaultPdfDifferencesFinder();
            differences.setMaximalPagesAmountForVisualComparison(0);
            PdfBoxDefaultObjectFactory factory = new PdfBoxDefaultObjectFactory();
            factory.setPdfDifferencesFinder(differences);
            validator.setPdfObjFactory(factory);
        }
        if (request.get("at") != null) validator.setValidationTime(Date.from(Instant.parse(request.get("at"))));
        validator.setTokenExtractionStrategy(TokenExtractionStrategy.NONE);
        validator.setEnableEtsiValidationReport(false);
        return validator.validateDocument(policy);
    }

    private static void goOnline(CommonCertificateVerifier verifier) {
        CommonsDataLoader http = new CommonsDataLoader();
        OCSPDataLoader ocspHttp = new OCSPDataLoader();
        for (CommonsDataLoader loader : List.of(http, ocspHttp)) {
            loader.setTimeoutConnection(3000);
            loader.setTimeoutSocket(3000);
        }
        OnlineOCSPSource ocsp = new OnlineOCSPSource();
        ocsp.setDataLoader(ocspHttp);
        verifier.setOcspSource(ocsp);
        verifier.setCrlSource(new OnlineCRLSource(http));
        verifier.setAIASource(new DefaultAIASource(http));
    }

    private static Map<String, Object> judge(Map<String, String> request, File policy) throws Exception {
        ByteArrayOutputStream log = LineServer.captureErrors(); // its warnings say why a level was lost
        File file = new File(request.get("file"));
        Reports reports = validate(request, policy);
        SimpleReport simple = reports.getSimpleReport();
        DiagnosticData found = reports.getDiagnosticData();
        List<Object> signatures = new ArrayList<>();
        for (SignatureWrapper signature : found.getSignatures()) signatures.add(describe(signature, simple, file.length()));
        List<Object> timestamps = new ArrayList<>();
        for (TimestampWrapper timestamp : found.getTimestampList()) timestamps.add(describe(timestamp, simple, file.length()));
        return LineServer.map(
                "file", file.getPath(),
                "dictionaries", countSignatureDictionaries(file),
                "signatures", signatures,
                "timestamps", timestamps,
                "log", log.toString().lines().filter(line -> !line.startsWith("\t")).toList(),
                "error", null);
    }

    /** DSS drops a signature that it cannot parse without a word; the caller compares with this count. */
    private static int countSignatureDictionaries(File file) throws IOException {
        try (var document = Loader.loadPDF(file)) {
            return document.getSignatureDictionaries().size();
        }
    }

    private static Map<String, Object> describe(SignatureWrapper signature, SimpleReport simple, long size) {
        String id = signature.getId();
        return LineServer.map(
                "signedBy", simple.getSignedBy(id),
                "indication", simple.getIndication(id),
                "subIndication", simple.getSubIndication(id),
                "level", signature.getSignatureFormat(),
                "intact", signature.isSignatureIntact(),
                "valid", signature.isSignatureValid(),
                "trusted", signature.isTrustedChain(),
                "claimedTime", signature.getClaimedSigningTime(),
                "bestTime", simple.getBestSignatureTime(id),
                "revision", describe(signature.getPDFRevision(), size),
                "errors", texts(simple.getAdESValidationErrors(id)),
                "warnings", texts(simple.getAdESValidationWarnings(id)));
    }

    private static Map<String, Object> describe(TimestampWrapper timestamp, SimpleReport simple, long size) {
        String id = timestamp.getId();
        var producer = timestamp.getSigningCertificate();
        return LineServer.map(
                "type", timestamp.getType(),
                "time", timestamp.getProductionTime(),
                "indication", simple.getIndication(id),
                "subIndication", simple.getSubIndication(id),
                "imprintIntact", timestamp.isMessageImprintDataFound() && timestamp.isMessageImprintDataIntact(),
                "producedBy", producer == null ? null : producer.getCommonName(),
                "revision", describe(timestamp.getPDFRevision(), size),
                "errors", texts(simple.getAdESValidationErrors(id)));
    }

    private static Map<String, Object> describe(PDFRevisionWrapper revision, long size) {
        if (revision == null) return null;
        List<BigInteger> range = revision.getSignatureByteRange();
        boolean whole = range.size() == 4 && range.get(0).signum() == 0 && range.get(2).add(range.get(3)).longValue() == size;
        return LineServer.map(
                "fields", revision.getSignatureFieldNames(),
                "subFilter", revision.getSubFilter(),
                "byteRange", range,
                "byteRangeValid", revision.isSignatureByteRangeValid(),
                "dictionaryConsistent", revision.isPdfSignatureDictionaryConsistent(),
                "coversWholeFile", whole,
                "docMdp", revision.getDocMDPPermissions(),
                "modified", revision.arePdfModificationsDetected(),
                "undefinedChanges", changes(revision.getPdfUndefinedChanges()),
                "annotationChanges", changes(revision.getPdfAnnotationChanges()),
                "formChanges", changes(revision.getPdfSignatureOrFormFillChanges()),
                "extensionChanges", changes(revision.getPdfExtensionChanges()),
                "overlapPages", revision.getPdfAnnotationsOverlapConcernedPages(),
                "pageCountPages", revision.getPdfPageDifferenceConcernedPages(),
                "visualPages", revision.getPdfVisualDifferenceConcernedPages());
    }

    private static List<String> changes(List<XmlObjectModification> changes) {
        return changes.stream().map(c -> c.getAction() + " " + c.getValue() + (c.getType() == null ? "" : " " + c.getType())).toList();
    }

    private static List<String> texts(List<Message> messages) {
        return messages.stream().map(message -> message.getKey() + ": " + message.getValue()).toList();
    }

    private static void load(CommonCertificateSource source, String folder) throws IOException {
        if (folder == null) return;
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList())
                for (X509Certificate certificate : certificates(Files.readAllBytes(file)))
                    source.addCertificate(new CertificateToken(certificate));
        }
    }

    private static List<X509Certificate> certificates(byte[] pemOrDer) throws IOException {
        try {
            return CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pemOrDer)).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (CertificateException problem) {
            throw new IOException(problem);
        }
    }
}
