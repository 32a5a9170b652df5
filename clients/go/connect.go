package imagewire

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	defaultTarget = "127.0.0.1:50051"
	// Below this, the text, ids and signatures beside the pictures may not fit.
	leastMessage = 128 << 10
	leastInline  = 64 << 10
	// What a server sends in one message unless it is asked for less.
	usualFrame = 256 << 10
)

// A call that draws is never repeated by the channel: UNAVAILABLE without trailers may mean a server that died after the
// provider had charged. Looking up models is free.
const serviceConfig = `{"methodConfig": [{"name": [{"service": "imagewire.v1.ModelService"}], "retryPolicy": {
	"maxAttempts": 3, "initialBackoff": "0.6s", "maxBackoff": "2s", "backoffMultiplier": 2,
	"retryableStatusCodes": ["UNAVAILABLE"]}}]}`

var (
	hostAndPort = regexp.MustCompile(`^(\[[\w:.%]+\]|[^\s:/@?#\[\],]+)(:\d{1,5})?$`)
	printable   = regexp.MustCompile(`^[ -~]*$`)
)

// TLS names certificates as files in PEM.
type TLS struct {
	// CA has the certificates of the authorities to trust. Empty: those of the system.
	CA string
	// Cert is the client's own certificate, with its chain, for servers that ask for one. It needs Key.
	Cert string
	// Key is the private key of Cert.
	Key string
	// ServerName is the name that the server's certificate must have. Empty: that of the target.
	ServerName string
}

func (t TLS) config() (*tls.Config, error) {
	made := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if (t.Cert == "") != (t.Key == "") {
		return nil, invalid("tls", "Cert and Key go together; give both or neither")
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("imagewire: TLS.CA: %w", err)
		}
		made.RootCAs = x509.NewCertPool()
		if !made.RootCAs.AppendCertsFromPEM(pem) {
			return nil, invalid("tls", t.CA+" has no certificate in PEM")
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("imagewire: TLS.Cert: %w", err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, nil
}

// parseTarget returns the address as gRPC takes it, and whether it asks for TLS.
func parseTarget(target string) (address string, secure bool, err error) {
	for _, given := range []string{target, os.Getenv("IMAGEWIRE_TARGET"), defaultTarget} {
		if target = given; given != "" {
			break
		}
	}
	rest, ok := strings.CutPrefix(target, "https://")
	if !ok && !strings.HasPrefix(target, "http://") {
		bare := strings.TrimPrefix(target, "dns:///")
		scheme, path, _ := strings.Cut(target, ":")
		own := (strings.HasPrefix(scheme, "unix") || scheme == "passthrough") && path != ""
		if !own && !hostAndPort.MatchString(bare) {
			return "", false, invalid("target", "is no server's address; write host:port, https://host or unix:/path")
		}
		return target, false, nil
	}
	parsed, err := url.Parse(target)
	if err != nil || parsed.Hostname() == "" || strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" ||
		parsed.User != nil {
		// Not the target itself: in front of an @ there may be a password.
		return "", false, invalid("target", "gRPC knows a host and a port and nothing more; write https://host:port")
	}
	if parsed.Port() != "" {
		return parsed.Host, ok, nil
	}
	if rest != "" && ok {
		return parsed.Host + ":443", true, nil
	}
	return parsed.Host + ":80", false, nil
}

func newSettings() settings {
	return settings{timeout: 10 * time.Minute, retries: 2, maxMessageBytes: 64 << 20, apiKey: os.Getenv("IMAGEWIRE_API_KEY")}
}

func (s *settings) check() error {
	switch {
	case s.timeout < 0:
		return invalid("timeout", "must be 0 (no limit) or more")
	case s.retries < 0:
		return invalid("retries", "must be at least 0")
	case s.maxMessageBytes < leastMessage || s.maxMessageBytes > math.MaxInt32:
		return invalid("maxMessageBytes", fmt.Sprintf("must be from %d to %d", leastMessage, math.MaxInt32))
	case !printable.MatchString(s.apiKey):
		return invalid("apiKey", "(else IMAGEWIRE_API_KEY) holds what no key has, such as a line's end: give the key alone")
	case s.unpaired:
		return invalid("metadata", "has a name without a value: give WithMetadata names and values in turn")
	}
	return checkMetadata(s.metadata)
}

func (s *settings) dialOptions(secure bool) ([]grpc.DialOption, error) {
	transport := insecure.NewCredentials()
	if secure || s.tls != nil {
		var files TLS
		if s.tls != nil {
			files = *s.tls
		}
		config, err := files.config()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	return append([]grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithUserAgent("imagewire-go/" + Version),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(s.maxMessageBytes)),
		// A model may think in silence for minutes: pings tell a dead peer from a busy one.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		// gRPC's own back-off grows to two minutes. Here a server that is back is found within two seconds.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}, s.dial...), nil
}

// frame is the most bytes of a picture in a message, 0 for the server's default.
func (s *settings) frame(asked int) (int32, error) {
	most := s.maxMessageBytes / 2
	switch {
	case asked < 0 || asked > most:
		return 0, invalid("max_frame_bytes", fmt.Sprintf("must be 0, for the default, or at most %d, half of maxMessageBytes", most))
	case asked == 0 && most < usualFrame:
		return int32(most), nil
	}
	return int32(asked), nil
}

// inline is the most bytes of a unary answer.
func (s *settings) inline(asked int) (int32, error) {
	switch {
	case asked == 0:
		return int32(s.maxMessageBytes - min(1<<20, s.maxMessageBytes/2)), nil
	case asked < leastInline || asked > math.MaxInt32:
		return 0, invalid("max_inline_bytes", fmt.Sprintf(
			"must be from %d to %d: text and ids stand beside the pictures", leastInline, math.MaxInt32))
	}
	return int32(asked), nil
}
