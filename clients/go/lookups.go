package imagewire

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Kept names an answer that a server keeps, and where to go on in it.
type Kept struct {
	// CompletionID is the answer's ID. RequestID is the UUID that it was asked for with. One of them is needed.
	CompletionID, RequestID string
	// AfterSequence and Offset are those of [Stream.Position]: only what comes behind them is read. Of a file that began
	// before, the SHA-256 cannot be checked, and the answer has no Data: the bytes are those of each [Chunk]. Default:
	// everything.
	AfterSequence, Offset int64
}

// Resume reads an answer again that the server keeps, while it is drawn or long after. Nothing is drawn anew.
func (c *Client) Resume(ctx context.Context, kept Kept) *Stream {
	if (kept.CompletionID == "") == (kept.RequestID == "") {
		return failed(invalid("completion_id", "is needed, or request_id, and not both: name the answer by one of them"))
	}
	if kept.RequestID != "" && !uuidForm.MatchString(kept.RequestID) {
		return failed(invalid("request_id", "must be a UUID"))
	}
	frame, _ := c.settings.frame(0)
	asked := &imagewirev1.ResumeCompletionRequest{
		Id:            &imagewirev1.ResumeCompletionRequest_CompletionId{CompletionId: kept.CompletionID},
		AfterSequence: kept.AfterSequence, Offset: kept.Offset, MaxFrameBytes: frame,
	}
	if kept.RequestID != "" {
		asked.Id = &imagewirev1.ResumeCompletionRequest_RequestId{RequestId: kept.RequestID}
	}
	if err := checkText("", asked); err != nil {
		return failed(err)
	}
	start := func() *asking { return newAsking(c.newCall(ctx, false), c, nil, nil, nil, asked) }
	return &Stream{start: start, keep: true}
}

// GetCompletion gets an answer that the server keeps. If it is still drawn, this waits for its end.
func (c *Client) GetCompletion(ctx context.Context, kept Kept) (*Answer, error) {
	return c.Resume(ctx, kept).Collect()
}

// ListModels returns all models that the server's table has.
func (c *Client) ListModels(ctx context.Context) (models []*imagewirev1.Model, err error) {
	call := c.newCall(ctx, false)
	defer call.end()
	call.retries = 0 // the channel repeats it
	for asked := (&imagewirev1.ListModelsRequest{PageSize: 1000}); ; {
		var page *imagewirev1.ListModelsResponse
		err := call.unary(false, func(ctx context.Context) (trailer metadata.MD, err error) {
			page, err = c.models.ListModels(ctx, asked, grpc.Trailer(&trailer))
			return trailer, err
		})
		if err != nil {
			return nil, err
		}
		models = append(models, page.Models...)
		if asked.PageToken = page.NextPageToken; asked.PageToken == "" {
			return models, nil
		}
	}
}

// GetModel returns one model, by its name or an alias.
func (c *Client) GetModel(ctx context.Context, name string) (*imagewirev1.Model, error) {
	asked := &imagewirev1.GetModelRequest{Name: name}
	if err := checkText("", asked); err != nil {
		return nil, err
	}
	call := c.newCall(ctx, false)
	defer call.end()
	call.retries = 0
	var found *imagewirev1.GetModelResponse
	err := call.unary(false, func(ctx context.Context) (trailer metadata.MD, err error) {
		found, err = c.models.GetModel(ctx, asked, grpc.Trailer(&trailer))
		return trailer, err
	})
	return found.GetModel(), err
}

// Pong is a server that answered.
type Pong struct {
	// Status is "SERVING", or "NOT_SERVING" while the server starts or stops.
	Status string
	// Version is the server's version; empty if it did not say.
	Version string
	// RoundTrip is how long one took.
	RoundTrip time.Duration
}

// Ping makes a call with the client's key, then asks for the server's health.
func (c *Client) Ping(ctx context.Context) (*Pong, error) {
	call := c.newCall(ctx, false)
	defer call.end()
	call.retries = 0
	made := &Pong{}
	err := call.unary(false, func(ctx context.Context) (trailer metadata.MD, err error) {
		var header metadata.MD
		asked := &imagewirev1.ListModelsRequest{PageSize: 1}
		if _, err = c.models.ListModels(ctx, asked, grpc.Header(&header), grpc.Trailer(&trailer)); err != nil {
			return trailer, err
		}
		made.Version = strings.Join(header.Get("x-imagewire-version"), "")
		began := time.Now()
		health, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		made.Status, made.RoundTrip = health.GetStatus().String(), time.Since(began)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}
