package dev.imagewire;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Trusts the authorities of a file as long as they are valid, which Java's own does not ask. */
final class Trust extends X509ExtendedTrustManager {
  private final List<X509Certificate> authorities = new ArrayList<>();

  Trust(Path pem) throws IOException {
    try (InputStream file = Files.newInputStream(pem)) {
      for (var each : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
        authorities.add((X509Certificate) each);
      }
    } catch (CertificateException damaged) {
      throw Failure.invalid("tls", "ca is no PEM of certificates: " + damaged.getMessage());
    }
    if (authorities.isEmpty()) {
      throw Failure.invalid("tls", "ca has no certificate: give a file in PEM");
    }
  }

  // Java's own for those that are valid now.
  private X509ExtendedTrustManager valid() throws CertificateException {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      CertificateException why = null;
      for (X509Certificate each : authorities) {
        try {
          each.checkValidity();
          store.setCertificateEntry(Integer.toString(store.size()), each);
        } catch (CertificateException invalid) {
          why = invalid;
        }
      }
      if (store.size() == 0) {
        throw new CertificateException(
            "the certificate of tls.ca has expired, or is not valid yet: " + why.getMessage());
      }
      var made = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      made.init(store);
      return (X509ExtendedTrustManager) made.getTrustManagers()[0];
    } catch (CertificateException e) {
      throw e;
    } catch (GeneralSecurityException | IOException e) {
      throw new CertificateException(e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    valid().checkServerTrusted(chain, type, engine);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    valid().checkServerTrusted(chain, type, socket);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    valid().checkServerTrusted(chain, type);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    valid().checkClientTrusted(chain, type, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    valid().checkClientTrusted(chain, type, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    valid().checkClientTrusted(chain, type);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return authorities.toArray(X509Certificate[]::new);
  }
}
