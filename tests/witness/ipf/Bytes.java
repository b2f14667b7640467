import jakarta.activation.DataHandler;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Content of documents, measured by the JDK. */
final class Bytes {
    private Bytes() {}

    static byte[] in(DataHandler content) throws IOException {
        try (var stream = content.getInputStream()) {
            return stream.readAllBytes();
        }
    }

    static String sha1(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(content));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
