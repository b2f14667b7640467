import com.fasterxml.jackson.databind.JsonNode;
import jakarta.xml.ws.BindingProvider;
import java.io.File;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.xml.namespace.QName;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.cxf.headers.Header;
import org.apache.cxf.transports.http.configuration.HTTPClientPolicy;
import org.openehealth.ipf.commons.ihe.ws.JaxWsRequestClientFactory;
import org.openehealth.ipf.commons.ihe.ws.WsSecurityInformation;
import org.openehealth.ipf.commons.ihe.xds.XDS;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.EbXMLFactory;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLFactory30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLQueryResponse30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLRegistryResponse30;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.EbXMLRetrieveDocumentSetResponse30;
import org.openehealth.ipf.commons.ihe.xds.core.requests.ProvideAndRegisterDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.requests.QueryRegistry;
import org.openehealth.ipf.commons.ihe.xds.core.requests.RetrieveDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.responses.QueryResponse;
import org.openehealth.ipf.commons.ihe.xds.core.responses.Response;
import org.openehealth.ipf.commons.ihe.xds.core.responses.RetrievedDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.transform.requests.ProvideAndRegisterDocumentSetTransformer;
import org.openehealth.ipf.commons.ihe.xds.core.transform.requests.QueryRegistryTransformer;
import org.openehealth.ipf.commons.ihe.xds.core.transform.requests.RetrieveDocumentSetRequestTransformer;
import org.openehealth.ipf.commons.ihe.xds.core.transform.responses.QueryResponseTransformer;
import org.openehealth.ipf.commons.ihe.xds.core.transform.responses.ResponseTransformer;
import org.openehealth.ipf.commons.ihe.xds.core.transform.responses.RetrieveDocumentSetResponseTransformer;
import org.openehealth.ipf.commons.ihe.xds.iti18.Iti18PortType;
import org.openehealth.ipf.commons.ihe.xds.iti41.Iti41PortType;
import org.openehealth.ipf.commons.ihe.xds.iti43.Iti43PortType;

/** The three transactions, by IPF's own stubs, with mutual TLS and a VIHF in the header. */
final class Calls {
    private static final String WSSE =
            "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    private static final EbXMLFactory EBXML = new EbXMLFactory30();

    private final Iti41PortType repository;
    private final Iti18PortType registry;
    private final Iti43PortType documents;
    private SecondOpinion opinion;

    Calls(JsonNode settings) throws Exception {
        var tls = tls(settings);
        var base = settings.get("base").asText();
        repository = (Iti41PortType) port(XDS.Interactions.ITI_41, base + "repository", tls);
        registry = (Iti18PortType) port(XDS.Interactions.ITI_18, base + "registry", tls);
        documents = (Iti43PortType) port(XDS.Interactions.ITI_43, base + "repository", tls);
    }

    Response deposit(ProvideAndRegisterDocumentSet request, String assertion) throws Exception {
        present(repository, assertion);
        var ebxml = new ProvideAndRegisterDocumentSetTransformer(EBXML).toEbXML(request);
        var answer = new EbXMLRegistryResponse30(
                repository.documentRepositoryProvideAndRegisterDocumentSetB(ebxml.getInternal()));
        opinion = SecondOpinion.of(answer);
        return new ResponseTransformer(EBXML).fromEbXML(answer);
    }

    QueryResponse query(QueryRegistry request, String assertion) throws Exception {
        present(registry, assertion);
        var ebxml = new QueryRegistryTransformer().toEbXML(request);
        var answer = new EbXMLQueryResponse30(
                registry.documentRegistryRegistryStoredQuery(ebxml.getInternal()));
        opinion = SecondOpinion.of(answer);
        return new QueryResponseTransformer(EBXML).fromEbXML(answer);
    }

    RetrievedDocumentSet retrieve(RetrieveDocumentSet request, String assertion) throws Exception {
        present(documents, assertion);
        var ebxml = new RetrieveDocumentSetRequestTransformer(EBXML).toEbXML(request);
        var answer = new EbXMLRetrieveDocumentSetResponse30(
                documents.documentRepositoryRetrieveDocumentSet(ebxml.getInternal()));
        opinion = SecondOpinion.of(answer);
        return new RetrieveDocumentSetResponseTransformer(EBXML).fromEbXML(answer);
    }

    /** What IPF's validators say of the last answer. */
    SecondOpinion opinion() {
        return opinion;
    }

    private static Object port(XDS.Interactions interaction, String url, SSLContext tls) {
        var security = new WsSecurityInformation(true, tls, null, null, null);
        return new JaxWsRequestClientFactory<>(
                interaction.getWsTransactionConfiguration(), url, null, null, null, null, null,
                null, security, new HTTPClientPolicy()).getClient();
    }

    /** Each call has its own assertion, handed over as a file. */
    private static void present(Object port, String assertion) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        var document = factory.newDocumentBuilder().parse(new File(assertion));
        var security = document.createElementNS(WSSE, "wsse:Security");
        security.appendChild(document.getDocumentElement());
        ((BindingProvider) port).getRequestContext().put(
                Header.HEADER_LIST,
                // IPF adds to this list.
                new ArrayList<>(List.of(new Header(new QName(WSSE, "Security"), security))));
    }

    private static SSLContext tls(JsonNode settings) throws Exception {
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store(settings.get("trust")));
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        var password = settings.get("certificate").get("password").asText();
        keys.init(store(settings.get("certificate")), password.toCharArray());
        var context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyStore store(JsonNode described) throws Exception {
        var password = described.get("password").asText().toCharArray();
        return KeyStore.getInstance(new File(described.get("file").asText()), password);
    }
}
