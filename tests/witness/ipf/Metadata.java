import com.fasterxml.jackson.databind.JsonNode;
import jakarta.activation.DataHandler;
import jakarta.mail.util.ByteArrayDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Association;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.AssociationType;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Author;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.AvailabilityStatus;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Code;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Document;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.DocumentEntry;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Identifiable;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.LocalizedString;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Organization;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Person;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.SubmissionSet;
import org.openehealth.ipf.commons.ihe.xds.core.requests.DocumentReference;
import org.openehealth.ipf.commons.ihe.xds.core.requests.ProvideAndRegisterDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.requests.QueryRegistry;
import org.openehealth.ipf.commons.ihe.xds.core.requests.RetrieveDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.FindDocumentsQuery;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.GetDocumentsQuery;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.QueryReturnType;
import org.openehealth.ipf.commons.ihe.xds.core.transform.hl7.PatientInfoTransformer;

/**
 * A JSON job as IPF's metadata model; IPF draws the object ids and the HasMember links.
 * With {@code ihe_only}, nothing is kept of what IHE does not know.
 */
record Metadata(JsonNode job) {
    ProvideAndRegisterDocumentSet submission() throws IOException {
        var lot = lot(job.get("lot"));
        lot.assignEntryUuid();
        var document = document(job.get("document"));
        var signature = document(job.get("signature"));
        var signs = new Association();
        signs.setAssociationType(AssociationType.SIGNS);
        signs.setSourceUuid(signature.getDocumentEntry().getEntryUuid());
        signs.setTargetUuid(lot.getEntryUuid());
        return ProvideAndRegisterDocumentSet.supportiveBuilderWith(lot)
                .withDocument(document)
                .withDocument(signature)
                .withAssociation(signs)
                .build();
    }

    QueryRegistry search() {
        var query = new FindDocumentsQuery();
        query.setPatientId(identifier(job.get("patient_id").asText()));
        query.setStatus(List.of(AvailabilityStatus.APPROVED));
        query.getServiceStartTime().setFrom(job.get("since").asText());
        return new QueryRegistry(query, QueryReturnType.LEAF_CLASS);
    }

    QueryRegistry find() {
        var query = new GetDocumentsQuery();
        query.setUniqueIds(List.of(job.get("unique_id").asText()));
        return new QueryRegistry(query, QueryReturnType.OBJECT_REF);
    }

    RetrieveDocumentSet retrieval() {
        var request = new RetrieveDocumentSet();
        request.getDocuments().add(new DocumentReference(
                job.get("repository").asText(), job.get("unique_id").asText(), null));
        return request;
    }

    private SubmissionSet lot(JsonNode given) {
        var lot = new SubmissionSet();
        lot.setUniqueId(given.get("unique_id").asText());
        lot.setSourceId(given.get("source_id").asText());
        lot.setPatientId(identifier(given.get("patient_id").asText()));
        lot.setSubmissionTime(given.get("submission_time").asText());
        lot.setTitle(text(given.get("title").asText()));
        lot.setContentTypeCode(code(given.get("content_type")));
        lot.setAuthor(author(given.get("author")));
        return lot;
    }

    private Document document(JsonNode given) throws IOException {
        var bytes = Files.readAllBytes(Path.of(given.get("file").asText()));
        var content = new DataHandler(new ByteArrayDataSource(bytes, "application/octet-stream"));
        var entry = entry(given);
        entry.assignEntryUuid();
        entry.setHash(Bytes.sha1(bytes));
        entry.setSize((long) bytes.length);
        return new Document(entry, content);
    }

    private DocumentEntry entry(JsonNode given) {
        var entry = new DocumentEntry();
        entry.setUniqueId(given.get("unique_id").asText());
        entry.setTitle(text(given.get("title").asText()));
        entry.setMimeType(given.get("mime_type").asText());
        entry.setLanguageCode(given.get("language").asText());
        entry.setCreationTime(given.get("creation_time").asText());
        entry.setServiceStartTime(given.get("service_start_time").asText());
        entry.setServiceStopTime(given.path("service_stop_time").asText(null));
        entry.setPatientId(identifier(given.get("patient_id").asText()));
        entry.setSourcePatientId(identifier(given.get("source_patient_id").asText()));
        entry.setSourcePatientInfo(
                new PatientInfoTransformer().fromHL7(texts(given.get("source_patient_info"))));
        entry.getAuthors().add(author(given.get("author")));
        entry.setLegalAuthenticator(Person.parse(given.get("legal_authenticator").asText()));
        codes(entry, given);
        return entry;
    }

    private static void codes(DocumentEntry entry, JsonNode given) {
        entry.setClassCode(code(given.get("class_code")));
        entry.setTypeCode(code(given.get("type_code")));
        entry.setFormatCode(code(given.get("format_code")));
        entry.setHealthcareFacilityTypeCode(code(given.get("facility")));
        entry.setPracticeSettingCode(code(given.get("practice_setting")));
        given.get("events").forEach(each -> entry.getEventCodeList().add(code(each)));
        given.get("confidentiality").forEach(
                each -> entry.getConfidentialityCodes().add(code(each)));
    }

    private Author author(JsonNode given) {
        var author = new Author();
        author.setAuthorPerson(Person.parse(given.get("person").asText()));
        author.getAuthorInstitution().add(structure(given.get("institution").asText()));
        author.getAuthorSpecialty().add(identifier(given.get("specialty").asText()));
        return author;
    }

    private Identifiable identifier(String text) {
        return iheOnly() ? Identifiable.parse(text) : CiSis.identifier(text);
    }

    private Organization structure(String text) {
        return iheOnly() ? Organization.parse(text) : CiSis.structure(text);
    }

    private boolean iheOnly() {
        return job.path("ihe_only").asBoolean();
    }

    private static Code code(JsonNode given) {
        var label = text(given.get("label").asText());
        return new Code(given.get("code").asText(), label, given.get("system").asText());
    }

    private static LocalizedString text(String value) {
        return new LocalizedString(value, "fr-FR", "UTF-8");
    }

    private static List<String> texts(JsonNode given) {
        var found = new ArrayList<String>();
        given.forEach(each -> found.add(each.asText()));
        return found;
    }
}
