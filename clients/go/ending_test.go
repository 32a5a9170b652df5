package imagewire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

func TestLeavingTheLoopEndsTheCall(t *testing.T) {
	ended := make(chan struct{})
	f := &fake{stream: []streamScript{func(_ *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
		for _, e := range events()[:7] {
			if err := send(e); err != nil {
				return err
			}
		}
		beat := &event{Sequence: 6, Event: &imagewirev1.StreamCompletionResponse_Heartbeat{Heartbeat: &imagewirev1.Heartbeat{}}}
		for send(beat) == nil {
			time.Sleep(time.Millisecond)
		}
		close(ended)
		return nil
	}}}
	stream := serve(t, f).Stream(t.Context(), "A banana")
	for e, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := e.(Chunk); ok {
			break
		}
	}
	<-ended
	_, err := stream.Collect()
	kindIs(t, err, ErrCancelled)
}

func TestACancelledContextEndsTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := &fake{stream: []streamScript{func(_ *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
		cancel()
		<-t.Context().Done()
		return nil
	}}}
	_, err := serve(t, f).Draw(ctx, "A banana")
	kindIs(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) || len(f.asked) != 1 {
		t.Errorf("%v, %d requests", err, len(f.asked))
	}
}

func TestADeadlineEndsTheCall(t *testing.T) {
	f := &fake{stream: []streamScript{func(*imagewirev1.StreamCompletionRequest, func(*event) error) error {
		<-t.Context().Done()
		return nil
	}}}
	_, err := serve(t, f, WithTimeout(50*time.Millisecond)).Draw(t.Context(), "A banana")
	kindIs(t, err, ErrDeadlineExceeded)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// The caller's own reason to cancel is no end of the answer, even if it is io.EOF.
func TestTheCallersReasonIsKept(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := &fake{stream: []streamScript{func(_ *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
		for _, e := range events()[:5] {
			if err := send(e); err != nil {
				return err
			}
		}
		cancel(io.EOF)
		<-t.Context().Done()
		return nil
	}}}
	_, err := serve(t, f).Stream(ctx, "A banana").Collect()
	kindIs(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestAReaderIsNotReadAfterClose(t *testing.T) {
	for _, much := range []int{1, len(picture)} {
		reader := serve(t, answering()).Stream(t.Context(), "A banana").Picture()
		if n, err := io.ReadFull(reader, make([]byte, much)); err != nil || n != much {
			t.Fatal(err)
		}
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
		n, err := reader.Read(make([]byte, 1))
		if kindIs(t, err, ErrCancelled); n != 0 || !errors.Is(err, os.ErrClosed) {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	// Also behind its end.
	reader := serve(t, answering()).Stream(t.Context(), "A banana").Picture()
	if read, err := io.ReadAll(reader); err != nil || !bytes.Equal(read, picture) {
		t.Error(err)
	}
	reader.Close()
	_, err := reader.Read(make([]byte, 1))
	kindIs(t, err, ErrCancelled)
}
