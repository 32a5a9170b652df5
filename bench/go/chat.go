package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type chat struct {
	imagewirev1.UnimplementedChatServiceServer
	google *google
}

// CreateCompletion reads Google's whole answer and gives it as one message.
func (c *chat) CreateCompletion(
	ctx context.Context, request *imagewirev1.CreateCompletionRequest,
) (*imagewirev1.CreateCompletionResponse, error) {
	body, err := c.google.ask(ctx, request.GetSpec(), "generateContent")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var said answered
	if err := json.NewDecoder(body).Decode(&said); err != nil {
		return nil, status.Error(codes.Internal, "the upstream's answer is no JSON")
	}
	answer := &imagewirev1.CreateCompletionResponse{
		CompletionId:     completionID(),
		Model:            request.GetSpec().GetModel(),
		ModelVersion:     said.ModelVersion,
		CreateTime:       timestamppb.Now(),
		Usage:            said.usage(),
		NativeResponseId: said.ResponseID,
	}
	for _, candidate := range said.Candidates {
		message := &imagewirev1.ChatMessage{Role: imagewirev1.Role_ROLE_ASSISTANT}
		for _, part := range candidate.Content.Parts {
			message.Content += part.Text
			if picture := part.InlineData; picture != nil {
				sum := sha256.Sum256(picture.Data)
				message.Image = image(picture.MimeType, len(picture.Data), sum[:])
				message.Image.Source = &imagewirev1.Image_Data{Data: picture.Data}
			}
		}
		answer.Candidates = append(answer.Candidates, &imagewirev1.Candidate{
			Index:              candidate.Index,
			Message:            message,
			FinishReason:       reason(candidate.FinishReason),
			NativeFinishReason: candidate.FinishReason,
		})
	}
	return answer, nil
}

// StreamCompletion passes a picture on while it arrives.
func (c *chat) StreamCompletion(
	request *imagewirev1.StreamCompletionRequest, stream grpc.ServerStreamingServer[imagewirev1.StreamCompletionResponse],
) error {
	body, err := c.google.ask(stream.Context(), request.GetSpec(), "streamGenerateContent?alt=sse")
	if err != nil {
		return err
	}
	defer body.Close()
	out := &writer{stream: stream, batch: request.GetBatch(), frame: int(request.GetMaxFrameBytes())}
	out.add(&imagewirev1.StreamCompletionResponse{Event: &imagewirev1.StreamCompletionResponse_Started{
		Started: &imagewirev1.Started{
			CompletionId: completionID(), Model: request.GetSpec().GetModel(), CreateTime: timestamppb.Now(),
		},
	}})
	reader := newReader(body)
	for {
		more, err := reader.read(out)
		if err != nil {
			return err
		}
		if !more {
			return out.flush()
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
}

func completionID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	return "cmpl-" + hex.EncodeToString(id[:])
}

func image(mimeType string, size int, sum []byte) *imagewirev1.Image {
	bytes := int64(size)
	return &imagewirev1.Image{MimeType: mimeType, SizeBytes: &bytes, Sha256: sum}
}
