package imagewire

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// everyCall makes each kind of call.
func everyCall(ctx context.Context, client *Client) map[string]error {
	made := map[string]error{}
	_, made["Draw"] = client.Draw(ctx, "A banana")
	_, made["Create"] = client.Create(ctx, "A banana")
	_, made["Send"] = client.Chat().Send(ctx, "A banana")
	_, made["GetCompletion"] = client.GetCompletion(ctx, Kept{CompletionID: "cmpl-1"})
	_, made["Upload"] = client.Upload(ctx, NewImage(picture))
	_, made["Download"] = client.Download(ctx, "img-1")
	made["DeleteImage"] = client.DeleteImage(ctx, "img-1")
	_, made["ListModels"] = client.ListModels(ctx)
	_, made["GetModel"] = client.GetModel(ctx, "m")
	_, made["Ping"] = client.Ping(ctx)
	return made
}

func notSent(t *testing.T, err, kind error, draws bool) {
	t.Helper()
	ours := kindIs(t, err, kind)
	if !ours.Retryable || strings.Contains(ours.Message, mayBeCharged) || draws != strings.Contains(ours.Message, nothingCharged) {
		t.Errorf("%+v", ours)
	}
}

func TestACallThatWasNeverSentCostsNothing(t *testing.T) {
	f := answering()
	client := serve(t, f)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, end := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer end()
	draws := map[string]bool{"Draw": true, "Create": true, "Send": true}
	for name, err := range everyCall(cancelled, client) {
		if notSent(t, err, ErrCancelled, draws[name]); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	for name, err := range everyCall(late, client) {
		if notSent(t, err, ErrDeadlineExceeded, draws[name]); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	client.Close()
	for name, err := range everyCall(t.Context(), client) {
		if notSent(t, err, ErrCancelled, draws[name]); !strings.Contains(err.Error(), "closed") {
			t.Error(err)
		}
	}
	if f.count() != 0 {
		t.Errorf("%d requests", f.count())
	}
}

// No connection has come about when the time is over: the server accepts none.
func TestACallThatFoundNoServerInTimeCostsNothing(t *testing.T) {
	client, err := New("unix:"+filepath.Join(t.TempDir(), "none"), WithTimeout(300*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Draw(t.Context(), "A banana")
	var ours *Error
	if !errors.As(err, &ours) || !ours.Retryable || strings.Contains(ours.Message, mayBeCharged) {
		t.Errorf("%+v", ours)
	}
	for code, words := range map[codes.Code]string{
		codes.DeadlineExceeded: `latest balancer error: connection error: desc = "transport: Error while dialing"`,
		codes.Canceled:         "received context error while waiting for new LB policy update: context canceled",
	} {
		made, _ := failure(status.Error(code, words), nil, "", "", true)
		if !made.Retryable || !strings.Contains(made.Message, nothingCharged) {
			t.Errorf("%+v", made)
		}
	}
}

// What an earlier attempt may have cost is not forgotten, and what the server refused at no cost is no doubt.
func TestGivingUpBetweenTwoAttempts(t *testing.T) {
	for name, given := range map[string]struct {
		err     error
		charged bool
	}{
		"refused at no cost": {refused(codes.Unavailable, "UPSTREAM_UNAVAILABLE"), false},
		"the way broke":      {lost, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			call := serve(t, &fake{}).newCall(ctx, true)
			defer call.end()
			failed, own := call.failure(given.err, nil)
			if _, err := call.pause(failed, own, false, own != nil && own.broke); err != nil {
				t.Fatal(err)
			}
			cancel()
			err := call.wait(time.Hour)
			if !given.charged {
				notSent(t, err, ErrCancelled, true)
			} else if ours := kindIs(t, err, ErrCancelled); ours.Retryable || !strings.Contains(ours.Message, mayBeCharged) {
				t.Errorf("%+v", ours)
			}
			// Nor by an attempt that found no connection.
			again, _ := call.failure(status.Error(codes.Canceled, "latest balancer error: none"), nil)
			if again.Retryable == given.charged {
				t.Errorf("%+v", again)
			}
		})
	}
}

// A client that is closed in a call does not forget what it sent.
func TestClosingInACall(t *testing.T) {
	f := &fake{}
	client := serve(t, f)
	f.stream = []streamScript{func(*imagewirev1.StreamCompletionRequest, func(*event) error) error {
		client.Close()
		return lost
	}}
	_, err := client.Draw(t.Context(), "A banana")
	if ours := kindIs(t, err, ErrCancelled); ours.Retryable || !strings.Contains(ours.Message, mayBeCharged) {
		t.Errorf("%+v", ours)
	}
}
