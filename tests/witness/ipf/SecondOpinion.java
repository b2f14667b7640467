import jakarta.xml.bind.JAXBContext;
import jakarta.xml.bind.JAXBException;
import java.io.File;
import javax.xml.transform.stream.StreamSource;
import org.openehealth.ipf.commons.core.modules.api.ValidationException;
import org.openehealth.ipf.commons.ihe.xds.XDS;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.EbXMLFactory;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLFactory30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLProvideAndRegisterDocumentSetRequest30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLQueryResponse30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLRegistryResponse30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLRetrieveDocumentSetResponse30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.ProvideAndRegisterDocumentSetRequestType;
import org.openehealth.ipf.commons.ihe.xds.core.transform.requests.ProvideAndRegisterDocumentSetTransformer;
import org.openehealth.ipf.commons.ihe.xds.core.transform.responses.QueryResponseTransformer;
import org.openehealth.ipf.commons.ihe.xds.core.validate.requests.ProvideAndRegisterDocumentSetRequestValidator;
import org.openehealth.ipf.commons.ihe.xds.core.validate.responses.QueryResponseValidator;
import org.openehealth.ipf.commons.ihe.xds.core.validate.responses.RegistryResponseValidator;
import org.openehealth.ipf.commons.ihe.xds.core.validate.responses.RetrieveDocumentSetResponseValidator;

/**
 * What IPF's validators say: null, or the first thing they refuse. CI-SIS writes components that
 * IHE forbids (CX-5, XON-7 …): {@code normalised} is said of the same message once IPF has read
 * it and written it again without them.
 */
record SecondOpinion(String raw, String normalised) {
    private static final EbXMLFactory EBXML = new EbXMLFactory30();

    static SecondOpinion ofSubmission(String file) throws JAXBException {
        var reader = JAXBContext.newInstance(ProvideAndRegisterDocumentSetRequestType.class);
        var request = reader.createUnmarshaller().unmarshal(
                new StreamSource(new File(file)), ProvideAndRegisterDocumentSetRequestType.class);
        var sent = new EbXMLProvideAndRegisterDocumentSetRequest30(request.getValue());
        var transformer = new ProvideAndRegisterDocumentSetTransformer(EBXML);
        var validator = ProvideAndRegisterDocumentSetRequestValidator.getInstance();
        return new SecondOpinion(
                refusal(() -> validator.validate(sent, XDS.Interactions.ITI_41)),
                refusal(() -> validator.validate(
                        transformer.toEbXML(transformer.fromEbXML(sent)), XDS.Interactions.ITI_41)));
    }

    static SecondOpinion of(EbXMLQueryResponse30 answer) {
        var transformer = new QueryResponseTransformer(EBXML);
        var validator = QueryResponseValidator.getInstance();
        return new SecondOpinion(
                refusal(() -> validator.validate(answer, XDS.Interactions.ITI_18)),
                refusal(() -> validator.validate(
                        transformer.toEbXML(transformer.fromEbXML(answer)), XDS.Interactions.ITI_18)));
    }

    static SecondOpinion of(EbXMLRegistryResponse30 answer) {
        var validator = RegistryResponseValidator.getInstance();
        var found = refusal(() -> validator.validate(answer, XDS.Interactions.ITI_41));
        return new SecondOpinion(found, found);
    }

    static SecondOpinion of(EbXMLRetrieveDocumentSetResponse30 answer) {
        var validator = RetrieveDocumentSetResponseValidator.getInstance();
        var found = refusal(() -> validator.validate(answer, XDS.Interactions.ITI_43));
        return new SecondOpinion(found, found);
    }

    private static String refusal(Runnable validation) {
        try {
            validation.run();
            return null;
        } catch (ValidationException error) {
            return error.getMessage();
        }
    }
}
