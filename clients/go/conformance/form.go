package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	imagewire "github.com/imagewire/imagewire/clients/go"
	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

func sum(data []byte) string {
	whole := sha256.Sum256(data)
	return hex.EncodeToString(whole[:])
}

func imageForm(image *imagewire.Image) object {
	said := object{
		"kind": "image", "mime_type": image.MimeType, "width": image.Width, "height": image.Height, "image_id": image.ID,
		"thought": image.Thought,
	}
	if image.URI != "" {
		said["uri"] = image.URI
	} else {
		said["size_bytes"], said["sha256"] = len(image.Data), sum(image.Data)
	}
	return said
}

func modelForm(model *imagewirev1.Model) object {
	return object{"name": model.GetName(), "provider": model.GetProvider(), "native_id": model.GetNativeId()}
}

func partForm(part *imagewire.Part) object {
	var said object
	switch {
	case part.Image != nil:
		said = imageForm(part.Image)
	case part.Media != nil:
		said = object{"kind": "media", "mime_type": part.Media.MimeType}
		if part.Media.URI != "" {
			said["uri"] = part.Media.URI
		} else {
			said["size_bytes"], said["sha256"] = len(part.Media.Data), sum(part.Media.Data)
		}
	case part.FunctionCall != nil:
		args := part.FunctionCall.GetArgs().AsMap()
		said = object{"kind": "function_call", "name": part.FunctionCall.Name, "args": args}
	case part.Native != nil:
		said = object{"kind": "native", "native_kind": part.Native.Kind, "value": json.RawMessage(part.Native.ValueJson)}
	default:
		said = object{"kind": "text", "text": part.Text}
	}
	said["thought"] = part.Thought
	if len(part.Signature) > 0 {
		said["signature_sha256"] = sum(part.Signature)
	}
	if len(part.NativeFields) > 0 {
		fields := object{}
		for name, value := range part.NativeFields {
			fields[name] = json.RawMessage(value)
		}
		said["native_fields"] = fields
	}
	return said
}

func (r *runner) answer(answer *imagewire.Answer, err error) (object, error) {
	if err != nil {
		return nil, err
	}
	parts := []object{}
	for index, part := range answer.Parts {
		parts = append(parts, partForm(part))
		if part.Image != nil {
			r.bytes[[2]int{len(r.seen), index}] = part.Image.Data
		}
	}
	usage, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(answer.Usage)
	if err != nil {
		return nil, err
	}
	said := object{
		"completion_id": answer.ID, "model": answer.Model, "model_version": answer.ModelVersion, "parts": parts,
		"finish_reason":        strings.TrimPrefix(answer.FinishReason.String(), "FINISH_REASON_"),
		"native_finish_reason": answer.NativeFinishReason, "usage": json.RawMessage(usage), "kept": !answer.Expires.IsZero(),
		"has_continuation": len(answer.Details.GetContinuationToken()) > 0, "native_fields": answer.Details.GetNativeFields(),
		"omitted_fields": answer.Details.GetOmittedFields(),
	}
	if answer.PromptFeedback != nil {
		said["block_reason"] = answer.PromptFeedback.BlockReason
	}
	return said, nil
}

// read reads a stream by its events, and cancels it after so many bytes of files, 0 for never.
func (r *runner) read(stream *imagewire.Stream, most int, cancel func()) (object, error) {
	size := 0
	for event, err := range stream.Events() {
		if err != nil && size >= most && most > 0 && errors.Is(err, imagewire.ErrCancelled) {
			return nil, errLeft
		} else if err != nil {
			return nil, err
		}
		if chunk, ok := event.(imagewire.Chunk); ok {
			if size += len(chunk.Data); most > 0 && size >= most {
				cancel()
			}
		}
	}
	return r.answer(stream.Answer(), nil)
}

func write(stream *imagewire.Stream) (object, error) {
	hash := sha256.New()
	written, err := stream.WriteTo(hash)
	return object{"size_bytes": written, "sha256": hex.EncodeToString(hash.Sum(nil))}, err
}
