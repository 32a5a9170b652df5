package imagewire

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	firstPause, longestPause = 500 * time.Millisecond, 8 * time.Second
	// How often at most a call is repeated where it costs nothing and brought nothing new.
	mostFree = 8
	// How long a call that could not be sent is made again and again: a server may be starting anew.
	untilSent, betweenSent = 2 * time.Second, 200 * time.Millisecond
	// When a server asks for a longer wait than this, the caller gets the error.
	mostPatience = 60 * time.Second
)

// call is one call and its attempts. It has one id in the logs of both sides, the caller's if the metadata have one.
type call struct {
	ctx    context.Context
	caller context.Context
	end    context.CancelFunc
	target string
	// id is a UUID for this call alone, logID that of the logs.
	id, logID string
	// draws says whether it may be charged.
	draws       bool
	retries     int
	made        int
	unsentSince time.Time
	closed      *atomic.Bool
	// invalid is why it cannot be sent.
	invalid error
	// doubtful says whether an attempt was sent and ended without a word on what it cost.
	doubtful bool
}

func (c *Client) newCall(ctx context.Context, draws bool) *call {
	made := &call{caller: ctx, target: c.target, id: newUUID(), draws: draws, retries: c.settings.retries, closed: &c.closed}
	made.logID = made.id
	if c.settings.timeout > 0 {
		made.ctx, made.end = context.WithTimeout(ctx, c.settings.timeout)
	} else {
		made.ctx, made.end = context.WithCancel(ctx)
	}
	sent := c.settings.metadata.Copy()
	if sent == nil {
		sent = metadata.MD{}
	}
	// The caller's own metadata of this call.
	if own, ok := metadata.FromOutgoingContext(ctx); ok {
		sent = metadata.Join(sent, own)
	}
	if given := sent.Get("x-request-id"); len(given) > 0 {
		made.logID = given[0]
	} else {
		sent.Set("x-request-id", made.logID)
	}
	if c.settings.apiKey != "" && len(sent.Get("authorization")) == 0 {
		sent.Set("authorization", "Bearer "+c.settings.apiKey)
	}
	made.invalid = checkMetadata(sent)
	made.ctx = metadata.NewOutgoingContext(made.ctx, sent)
	return made
}

// failure is gRPC's error as ours.
func (c *call) failure(err error, trailer metadata.MD) (*Error, *own) {
	made, own := failure(err, trailer, c.target, c.logID, c.draws)
	if c.doubtful && own != nil && own.unsent && made.Code != string(ErrUnavailable) {
		// This attempt was not sent, but an earlier one was.
		made, own = failure(status.Error(own.code, ""), trailer, c.target, c.logID, c.draws)
	}
	if made.Code == string(ErrCancelled) || made.Code == string(ErrDeadlineExceeded) {
		made.cause = c.caller.Err()
		if why := context.Cause(c.caller); why != made.cause {
			made.cause = errors.Join(made.cause, why)
		}
		if made.cause == nil && made.Code == string(ErrDeadlineExceeded) {
			made.cause = context.DeadlineExceeded
		}
	}
	return made, own
}

// pause is how long to wait before the next attempt; nothing, and the error, if there is none. begun: whether the answer
// had begun, so that the call cannot be made again. free: whether the next attempt costs nothing, whatever the error says.
func (c *call) pause(failed *Error, own *own, begun, free bool) (time.Duration, error) {
	c.doubtful = c.doubtful || !failed.Retryable
	// Of a client that is closed, no call is repeated.
	if c.ctx.Err() != nil || failed.Code == string(ErrCancelled) {
		return 0, failed
	}
	if own != nil && own.unsent && c.retries > 0 {
		if c.unsentSince.IsZero() {
			c.unsentSince = time.Now()
		}
		if time.Since(c.unsentSince) >= untilSent || c.left() <= betweenSent {
			return 0, failed
		}
		return betweenSent, nil
	}
	c.unsentSince = time.Time{}
	most := c.retries
	if free && c.retries > 0 {
		most = mostFree
	}
	if !free && (begun || !failed.Retryable) || c.made >= most {
		return 0, failed
	}
	growing := min(firstPause<<c.made, longestPause)
	wait := max(growing/2+rand.N(growing/2), failed.RetryAfter)
	if wait > mostPatience || wait >= c.left() {
		return 0, failed
	}
	c.made++
	return wait, nil
}

// left is how much time is left.
func (c *call) left() time.Duration {
	if deadline, ok := c.ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return time.Duration(1<<63 - 1)
}

// wait waits, or until the call has ended.
func (c *call) wait(long time.Duration) error {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ctx.Done():
		return c.over()
	}
}

// over is the error of a call that has ended before its next attempt is sent, or cannot be sent; nil if it goes on.
func (c *call) over() error {
	if c.invalid != nil {
		return c.invalid
	}
	code, words := status.FromContextError(c.ctx.Err()).Code(), beforeSent
	if c.closed.Load() {
		code, words = codes.Canceled, clientClosed
	}
	if code == codes.OK {
		return nil
	}
	failed, _ := c.failure(status.Error(code, words), nil)
	return failed
}

// unary makes a call, and repeats it where that is free. free: whether a repeat costs nothing, also where the connection
// broke. once makes one attempt, and returns its trailer.
func (c *call) unary(free bool, once func(context.Context) (metadata.MD, error)) error {
	for {
		if err := c.over(); err != nil {
			return err
		}
		trailer, err := once(c.ctx)
		if err == nil {
			return nil
		}
		var ours *Error
		if errors.As(err, &ours) {
			return ours
		}
		failed, own := c.failure(err, trailer)
		wait, last := c.pause(failed, own, false, free && own != nil && own.broke)
		if last != nil {
			return last
		}
		if err := c.wait(wait); err != nil {
			return err
		}
	}
}

// free is a part of the call that draws nothing, with the same time.
func (c *call) free() *call {
	made := *c
	made.draws = false
	return &made
}
