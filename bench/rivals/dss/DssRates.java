import com.sun.management.OperatingSystemMXBean;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.token.DSSPrivateKeyEntry;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore.PasswordProtection;
import java.util.Locale;
import java.util.Map;

/**
 * The speed of a warm EU DSS, one JSON object a line.
 * usage: sign FILE.pdf SECONDS (NAME FILE.p12 PASSPHRASE)..  |  validate FILE.pdf SECONDS TRUSTDIR POLICY
 */
final class DssRates {
    interface Work {
        void once() throws Exception;
    }

    private DssRates() {}

    public static void main(String[] args) throws Exception {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "off");
        double seconds = Double.parseDouble(args[2]);
        if (args[0].equals("sign")) for (int i = 3; i < args.length; i += 3) sign(args[1], seconds, args[i], args[i + 1], args[i + 2]);
        else validate(args[1], seconds, args[3], args[4]);
    }

    private static void sign(String file, double seconds, String algorithm, String p12, String passphrase) throws Exception {
        byte[] pdf = Files.readAllBytes(Path.of(file));
        PAdESService service = new PAdESService(new CommonCertificateVerifier(true));
        try (Pkcs12SignatureToken token = new Pkcs12SignatureToken(p12, new PasswordProtection(passphrase.toCharArray()))) {
            DSSPrivateKeyEntry key = token.getKeys().get(0);
            measure("EU DSS 6.3 " + algorithm, seconds, () -> {
                PAdESSignatureParameters parameters = new PAdESSignatureParameters();
                parameters.setSignatureLevel(SignatureLevel.PAdES_BASELINE_B);
                parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
                parameters.setSigningCertificate(key.getCertificate());
                parameters.setCertificateChain(key.getCertificateChain());
                parameters.setReason("Bench");
                DSSDocument document = new InMemoryDocument(pdf, "in.pdf");
                SignatureValue value = token.sign(service.getDataToSign(document, parameters), DigestAlgorithm.SHA256, key);
                service.signDocument(document, parameters, value).writeTo(new ByteArrayOutputStream(1 << 17));
            });
        }
    }

    private static void validate(String file, double seconds, String trust, String policy) throws Exception {
        Map<String, String> request = Map.of("file", file, "trust", trust, "offline", "true");
        measure("EU DSS 6.3 validate", seconds, () -> {
            var report = DssJudge.validate(request, new File(policy)).getSimpleReport();
            for (String id : report.getSignatureIdList())
                if (report.getIndication(id) != Indication.TOTAL_PASSED) throw new IllegalStateException("EU DSS does not accept the file to be validated");
        });
    }

    /** A virtual machine is slow until it has compiled what it runs: it warms up twice as long as it is measured, at least ten seconds. */
    private static void measure(String name, double seconds, Work work) throws Exception {
        long warm = System.nanoTime() + (long) (Math.max(seconds * 2, 10) * 1e9);
        do work.once();
        while (System.nanoTime() < warm);
        long cpu = processorTime(), begun = System.nanoTime(), elapsed;
        int runs = 0;
        do {
            work.once();
            runs++;
            elapsed = System.nanoTime() - begun;
        } while (elapsed < seconds * 1e9);
        double cpuMs = (processorTime() - cpu) / 1e6 / runs;
        System.out.printf(Locale.ROOT, "{\"name\":\"%s\",\"ratePerSecond\":%.4f,\"cpuMs\":%.4f}%n", name, runs * 1e9 / elapsed, cpuMs);
    }

    private static long processorTime() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
