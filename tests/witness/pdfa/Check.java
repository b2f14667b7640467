import java.nio.file.Files;
import java.nio.file.Path;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/** Prints one line per file, "conforme" or "refuse" with the clauses broken. */
public class Check {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (String file : files) {
            System.out.println(verdict(file));
        }
    }

    private static String verdict(String file) throws Exception {
        var foundry = Foundries.defaultInstance();
        try (var input = Files.newInputStream(Path.of(file));
                var parser = foundry.createParser(input, PDFAFlavour.PDFA_1_B);
                var validator = foundry.createValidator(PDFAFlavour.PDFA_1_B, false)) {
            var result = validator.validate(parser);
            if (result.isCompliant()) {
                return "conforme " + result.getTotalAssertions();
            }
            var line = new StringBuilder("refuse");
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    line.append(' ').append(assertion.getRuleId().getClause());
                }
            }
            return line.toString();
        }
    }
}
