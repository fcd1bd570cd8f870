import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** veraPDF for many files in one JVM. Request: `file`, `flavours` (comma separated, e.g. `3a,ua1`). */
final class VeraJudge {
    private VeraJudge() {}

    public static void main(String[] args) throws Exception {
        java.util.logging.LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        LineServer.serve(VeraJudge::judge);
    }

    private static Map<String, Object> judge(Map<String, String> request) throws Exception {
        List<Object> results = new ArrayList<>();
        // The flavour is always named: left alone, veraPDF judges a file that claims nothing as PDF/A-1b.
        for (String flavour : request.get("flavours").split(","))
            results.add(judge(new File(request.get("file")), PDFAFlavour.fromString(flavour)));
        return LineServer.map("file", request.get("file"), "results", results, "error", null);
    }

    private static Map<String, Object> judge(File file, PDFAFlavour flavour) throws Exception {
        if (flavour == PDFAFlavour.NO_FLAVOUR) throw new IllegalArgumentException("unknown flavour");
        try (PDFAParser parser = Foundries.defaultInstance().createParser(file, flavour);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
            ValidationResult result = validator.validate(parser);
            Map<String, Integer> failed = new TreeMap<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() != TestAssertion.Status.FAILED) continue;
                failed.merge(assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber(), 1, Integer::sum);
            }
            return LineServer.map("flavour", flavour.getId(), "compliant", result.isCompliant(), "checks", result.getTotalAssertions(), "failed", failed);
        }
    }
}
