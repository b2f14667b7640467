import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.cxf.binding.soap.SoapFault;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.DocumentEntry;
import org.openehealth.ipf.commons.ihe.xds.core.responses.QueryResponse;
import org.openehealth.ipf.commons.ihe.xds.core.responses.Response;
import org.openehealth.ipf.commons.ihe.xds.core.responses.RetrievedDocumentSet;

/**
 * A DMP client that is IPF. One JSON object a line on standard input, one on standard output.
 * The argument names the JSON file with addresses and certificates.
 */
public class Witness {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Calls calls;

    private Witness(JsonNode settings) throws Exception {
        calls = new Calls(settings);
    }

    public static void main(String[] arguments) throws Exception {
        var witness = new Witness(JSON.readTree(new File(arguments[0])));
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(JSON.writeValueAsString(witness.answered(JSON.readTree(line))));
        }
        System.exit(0);
    }

    private ObjectNode answered(JsonNode job) {
        try {
            return answer(job);
        } catch (Exception error) {
            return failed(error);
        }
    }

    private static ObjectNode failed(Exception error) {
        var result = JSON.createObjectNode().put("exception", String.valueOf(error));
        if (error.getCause() instanceof SoapFault fault) {
            result.put("code", fault.getFaultCode().getLocalPart())
                    .put("subcode", fault.getSubCode().getLocalPart())
                    .put("reason", fault.getReason())
                    .put("language", fault.getLang());
        }
        return result;
    }

    private ObjectNode answer(JsonNode job) throws Exception {
        var assertion = job.path("assertion").asText();
        return switch (job.get("call").asText()) {
            case "deposit" -> outcome(calls.deposit(new Metadata(job).submission(), assertion));
            case "search" -> found(calls.query(new Metadata(job).search(), assertion));
            case "find" -> found(calls.query(new Metadata(job).find(), assertion));
            case "read" -> retrieved(calls.retrieve(new Metadata(job).retrieval(), assertion));
            case "opinion" -> opinion(SecondOpinion.ofSubmission(job.get("file").asText()));
            default -> throw new IllegalArgumentException(job.toString());
        };
    }

    private ObjectNode outcome(Response response) {
        var result = JSON.createObjectNode().put("status", response.getStatus().name());
        var errors = result.putArray("errors");
        for (var error : response.getErrors()) {
            errors.addObject()
                    .put("code", error.getErrorCode().getOpcode())
                    .put("custom_code", error.getCustomErrorCode())
                    .put("context", error.getCodeContext());
        }
        return result.set("opinion", opinion(calls.opinion()));
    }

    private ObjectNode found(QueryResponse response) {
        var result = outcome(response);
        var references = result.putArray("references");
        response.getReferences().forEach(reference -> references.add(reference.getId()));
        var entries = result.putArray("entries");
        response.getDocumentEntries().forEach(entry -> entries.add(entry(entry)));
        return result;
    }

    private static ObjectNode entry(DocumentEntry entry) {
        return JSON.createObjectNode()
                .put("entry_uuid", entry.getEntryUuid())
                .put("unique_id", entry.getUniqueId())
                .put("title", entry.getTitle().getValue())
                .put("type", entry.getTypeCode().getCode())
                .put("status", String.valueOf(entry.getAvailabilityStatus()))
                .put("patient", entry.getPatientId().getId())
                .put("author", entry.getAuthors().get(0).getAuthorPerson().getId().getId())
                .put("creation_time", entry.getCreationTime().toHL7())
                .put("hash", entry.getHash())
                .put("size", entry.getSize())
                .put("repository", entry.getRepositoryUniqueId());
    }

    private ObjectNode retrieved(RetrievedDocumentSet response) throws Exception {
        var result = outcome(response);
        var documents = result.putArray("documents");
        for (var document : response.getDocuments()) {
            // The stream of an attachment is read once.
            var content = Bytes.in(document.getDataHandler());
            documents.addObject()
                    .put("unique_id", document.getRequestData().getDocumentUniqueId())
                    .put("mime_type", document.getMimeType())
                    .put("sha1", Bytes.sha1(content))
                    .put("size", content.length);
        }
        return result;
    }

    private static ObjectNode opinion(SecondOpinion opinion) {
        return JSON.createObjectNode()
                .put("raw", opinion.raw())
                .put("normalised", opinion.normalised());
    }
}
