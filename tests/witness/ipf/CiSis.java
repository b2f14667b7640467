import org.openehealth.ipf.commons.ihe.xds.core.metadata.Hl7v2Based;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Identifiable;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Organization;

/**
 * What CI-SIS writes and IHE does not: IPF parses these components, then leaves them out when it
 * renders. Overriding {@code render} is how its model lets a national extension keep them.
 */
final class CiSis {
    private CiSis() {}

    /** CX with its type (CX-5: NH, PI), or a specialty: code, label, code system. */
    public static final class Identifier extends Identifiable {
        @Override
        protected String render() {
            return Hl7v2Based.rawRender(this);
        }
    }

    /** XON with the type of its identifier (XON-7: IDNST). */
    public static final class Structure extends Organization {
        @Override
        protected String render() {
            return Hl7v2Based.rawRender(this);
        }
    }

    static Identifier identifier(String text) {
        return Hl7v2Based.parse(text, Identifier.class);
    }

    static Structure structure(String text) {
        return Hl7v2Based.parse(text, Structure.class);
    }
}
