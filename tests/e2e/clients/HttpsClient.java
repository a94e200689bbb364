// One HTTPS request with java.net.http.HttpClient; see programs.py for arguments and output.

import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManagerFactory;

public class HttpsClient {
    public static void main(String[] args) throws Exception {
        // The address, args[2], reaches the JVM as a hosts file.
        String method = args[0], name = args[1], port = args[3], ca = args[4];
        String version = args[5], cipher = args[6], path = args[7], size = args[8];

        HttpRequest request = HttpRequest.newBuilder(URI.create("https://" + name + ":" + port + path))
            .method(method, body(size)).build();
        HttpClient client = HttpClient.newBuilder()
            .sslContext(trusting(ca)).sslParameters(parameters(version, cipher)).build();
        HttpResponse<InputStream> response = client.send(request, BodyHandlers.ofInputStream());
        SSLSession session = response.sslSession().get();
        System.err.println("tls=" + session.getProtocol());
        System.err.println("cipher=" + session.getCipherSuite());
        System.err.println("status=" + response.statusCode());
        response.body().transferTo(System.out);
        System.out.flush();
        System.exit(0);  // Without it the JVM lingers until the client's idle threads end.
    }

    private static BodyPublisher body(String size) {
        if (size.equals("-")) {
            return BodyPublishers.noBody();
        }
        BodyPublisher input = BodyPublishers.ofInputStream(() -> System.in);
        return BodyPublishers.fromPublisher(input, Long.parseLong(size));
    }

    private static SSLContext trusting(String caFile) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null);
        try (InputStream file = new FileInputStream(caFile)) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            store.setCertificateEntry("ca", factory.generateCertificate(file));
        }
        String algorithm = TrustManagerFactory.getDefaultAlgorithm();
        TrustManagerFactory trust = TrustManagerFactory.getInstance(algorithm);
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static SSLParameters parameters(String version, String cipher) {
        SSLParameters parameters = new SSLParameters();
        if (!version.equals("-")) {
            parameters.setProtocols(new String[] {"TLSv" + version});
        }
        if (!cipher.equals("-")) {
            parameters.setCipherSuites(new String[] {cipher});
        }
        return parameters;
    }
}
