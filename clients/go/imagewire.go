// Package imagewire is the Go client of imagewire, a gRPC server that draws pictures.
//
//	client, err := imagewire.New("127.0.0.1:50051")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	picture, err := client.Draw(ctx, "A banana")
//
// Every picture is checked against its size and SHA-256. Where a connection breaks, a client goes on behind the last
// byte that came, and nothing is drawn or paid twice. All errors of calls are an [Error].
package imagewire

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Version is the version of this client, which the server's log has in the user agent.
const Version = "0.1.0"

// DefaultModel is the model that is asked if neither an option nor the environment variable IMAGEWIRE_MODEL names one.
const DefaultModel = "gemini/gemini-2.5-flash-image"

// Client calls one server. It is safe for use by several goroutines at once, which share its connection.
type Client struct {
	target   string
	conn     *grpc.ClientConn
	chat     imagewirev1.ChatServiceClient
	models   imagewirev1.ModelServiceClient
	images   imagewirev1.ImageServiceClient
	settings settings
	// Whether the server said that it keeps nothing.
	keepOff atomic.Bool
	closed  atomic.Bool
}

// New makes a client. Nothing is sent yet.
//
// target is the server: "host:port", "https://host[:port]" for TLS, "http://host[:port]", "unix:/path" or
// "dns:///host:port". If it is empty, the environment variable IMAGEWIRE_TARGET names it, else it is 127.0.0.1:50051.
// The error is an [Error] of [ErrInvalidRequest] for an option without meaning, or that of a file of [TLS].
func New(target string, options ...ClientOption) (*Client, error) {
	address, secure, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	made := newSettings()
	for _, option := range options {
		if option != nil {
			option(&made)
		}
	}
	if err := made.check(); err != nil {
		return nil, err
	}
	dial, err := made.dialOptions(secure)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(address, dial...)
	if err != nil {
		return nil, invalid("target", err.Error())
	}
	return &Client{
		target:   address,
		conn:     conn,
		chat:     imagewirev1.NewChatServiceClient(conn),
		models:   imagewirev1.NewModelServiceClient(conn),
		images:   imagewirev1.NewImageServiceClient(conn),
		settings: made,
	}, nil
}

// Close ends the client's connection, and every call that still runs.
func (c *Client) Close() error {
	c.closed.Store(true)
	return c.conn.Close()
}

// Target is the server's address as gRPC has it.
func (c *Client) Target() string { return c.target }

// Draw draws one picture. options set the model, pictures to edit, and how the model draws.
//
// An answer without a picture is an [Error] of [ErrNoPicture], or of [ErrBlocked] if a filter stopped it.
func (c *Client) Draw(ctx context.Context, prompt string, options ...Option) (*Image, error) {
	answer, err := c.Stream(ctx, prompt, options...).Collect()
	if err != nil {
		return nil, err
	}
	if picture := answer.Image(); picture != nil {
		return picture, nil
	}
	return nil, answer.noPicture()
}

// Stream draws, and hands on what arrives. Nothing is sent before the stream is read.
func (c *Client) Stream(ctx context.Context, prompt string, options ...Option) *Stream {
	made, err := newRequest(prompt, options)
	if err != nil {
		return failed(err)
	}
	return c.stream(ctx, made, nil)
}

func (c *Client) stream(ctx context.Context, made *request, chat *Chat) *Stream {
	frame, err := c.settings.frame(made.maxFrameBytes)
	if err != nil {
		return failed(err)
	}
	asked := &imagewirev1.StreamCompletionRequest{
		Spec: made.spec, MaxFrameBytes: frame, Batch: true, OnDisconnect: made.onDisconnect, CacheTtl: made.cacheTTL,
	}
	start := func() *asking { return newAsking(c.newCall(ctx, true), c, made, asked, nil, nil) }
	return &Stream{start: start, chat: chat, said: made.said, keep: true}
}

// Create draws, and gets the whole answer in one message. What is too large for one message is fetched apart, from a
// server that keeps answers. Use [Client.Stream] for anything that may be large.
func (c *Client) Create(ctx context.Context, prompt string, options ...Option) (*Answer, error) {
	made, err := newRequest(prompt, options)
	if err != nil {
		return nil, err
	}
	inline, err := c.settings.inline(made.maxInlineBytes)
	if err != nil {
		return nil, err
	}
	asked := &imagewirev1.CreateCompletionRequest{
		Spec: made.spec, MaxInlineBytes: &inline, OnDisconnect: made.onDisconnect, CacheTtl: made.cacheTTL,
	}
	call := c.newCall(ctx, true)
	defer call.end()
	return newAsking(call, c, made, nil, asked, nil).create()
}

// settings are what a client does with every call.
type settings struct {
	apiKey          string
	tls             *TLS
	timeout         time.Duration
	retries         int
	maxMessageBytes int
	metadata        metadata.MD
	unpaired        bool // a name of the metadata has no value
	dial            []grpc.DialOption
}

// ClientOption is an option of [New]. A nil one says nothing.
type ClientOption func(*settings)

// WithAPIKey is the key that the server asks for. Default: the environment variable IMAGEWIRE_API_KEY, else none.
func WithAPIKey(key string) ClientOption { return func(s *settings) { s.apiKey = key } }

// WithTLS connects by TLS with these files, whatever the target's form.
func WithTLS(files TLS) ClientOption { return func(s *settings) { s.tls = &files } }

// WithTimeout is the time for a call whose context has no earlier deadline, all its attempts together; 0 for no limit.
// Default: 10 minutes.
func WithTimeout(limit time.Duration) ClientOption { return func(s *settings) { s.timeout = limit } }

// WithRetries is how often a call is repeated at most if the server said that nothing can have been charged. 0: neither is
// one whose connection broke, which else is sent again under its request_id and never drawn twice. Default: 2.
func WithRetries(most int) ClientOption { return func(s *settings) { s.retries = most } }

// WithMaxMessageBytes is the most bytes of one message that is received: 128 KiB or more. Default: 64 MiB. Pictures of
// streams come in frames, and may be larger.
func WithMaxMessageBytes(most int) ClientOption {
	return func(s *settings) { s.maxMessageBytes = most }
}

// WithMetadata is sent with every call: names and values in turn. Values are printable ASCII, or bytes for names in "-bin". "x-request-id" among them is
// the id of every call in the server's log.
func WithMetadata(pairs ...string) ClientOption {
	return func(s *settings) {
		if len(pairs)%2 != 0 {
			s.unpaired = true
			return
		}
		s.metadata = metadata.Join(s.metadata, metadata.Pairs(pairs...))
	}
}

// WithDialOptions are further options of gRPC's, for example interceptors. They override the client's own.
func WithDialOptions(options ...grpc.DialOption) ClientOption {
	return func(s *settings) {
		for _, option := range options {
			if option != nil {
				s.dial = append(s.dial, option)
			}
		}
	}
}
