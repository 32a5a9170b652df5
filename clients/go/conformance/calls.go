package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	imagewire "github.com/imagewire/imagewire/clients/go"
	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

type picture struct {
	Step    *int   `json:"step"`
	Part    int    `json:"part"`
	Data    []byte `json:"data"`
	ImageID string `json:"image_id"`
	URI     string `json:"uri"`
}

type step struct {
	Call             string          `json:"call"`
	Model            string          `json:"model"`
	Prompt           string          `json:"prompt"`
	Images           []picture       `json:"images"`
	Spec             json.RawMessage `json:"spec"`
	TimeoutMS        int             `json:"timeout_ms"`
	RequestID        string          `json:"request_id"`
	CompletionID     string          `json:"completion_id"`
	OnDisconnect     string          `json:"on_disconnect"`
	CacheTTLMS       *int            `json:"cache_ttl_ms"`
	MaxFrameBytes    int             `json:"max_frame_bytes"`
	MaxInlineBytes   int             `json:"max_inline_bytes"`
	CancelAfterBytes int             `json:"cancel_after_bytes"`
	ImageID          string          `json:"image_id"`
	Chat             string          `json:"chat"`
	Load             string          `json:"load"`
	Save             string          `json:"save"`
}

func (r *runner) call(ctx context.Context, cancel func(), s *step) (object, error) {
	options, err := r.options(s)
	if err != nil {
		return nil, err
	}
	kept := imagewire.Kept{CompletionID: s.CompletionID, RequestID: s.RequestID}
	switch s.Call {
	case "draw":
		image, err := r.client.Draw(ctx, s.Prompt, options...)
		if err != nil {
			return nil, err
		}
		r.bytes[[2]int{len(r.seen), 0}] = image.Data
		return object{"parts": []object{imageForm(image)}}, nil
	case "stream":
		return r.read(r.client.Stream(ctx, s.Prompt, options...), s.CancelAfterBytes, cancel)
	case "create":
		answer, err := r.client.Create(ctx, s.Prompt, options...)
		return r.answer(answer, err)
	case "write":
		return write(r.client.Stream(ctx, s.Prompt, options...))
	case "chat":
		return r.chat(ctx, s)
	case "resume":
		return r.read(r.client.Resume(ctx, kept), 0, cancel)
	case "get":
		answer, err := r.client.GetCompletion(ctx, kept)
		return r.answer(answer, err)
	case "upload":
		given, err := r.images(s)
		if err != nil {
			return nil, err
		}
		stored, err := r.client.Upload(ctx, given[0])
		if err != nil {
			return nil, err
		}
		return object{"image": imageForm(stored)}, nil
	case "download":
		image, err := r.client.Download(ctx, s.ImageID)
		if err != nil {
			return nil, err
		}
		return object{"image": imageForm(image)}, nil
	case "delete":
		return object{}, r.client.DeleteImage(ctx, s.ImageID)
	case "list_models":
		models, err := r.client.ListModels(ctx)
		listed := object{}
		for _, model := range models {
			listed[model.Name] = modelForm(model)
		}
		return object{"models": listed}, err
	case "get_model":
		model, err := r.client.GetModel(ctx, s.Model)
		return object{"model": modelForm(model)}, err
	case "ping":
		pong, err := r.client.Ping(ctx)
		if err != nil {
			return nil, err
		}
		return object{"status": pong.Status, "version": pong.Version}, nil
	}
	return nil, fmt.Errorf("the call %q is unknown", s.Call)
}

func (r *runner) options(s *step) ([]imagewire.Option, error) {
	options := []imagewire.Option{
		imagewire.RequestID(s.RequestID), imagewire.MaxFrameBytes(s.MaxFrameBytes), imagewire.MaxInlineBytes(s.MaxInlineBytes),
	}
	if len(s.Spec) > 0 {
		spec := &imagewirev1.Spec{}
		if err := protojson.Unmarshal(s.Spec, spec); err != nil {
			return nil, err
		}
		options = append(options, imagewire.FromSpec(spec))
	}
	if s.Model != "" {
		options = append(options, imagewire.Model(s.Model))
	}
	switch s.OnDisconnect {
	case "keep":
		options = append(options, imagewire.OnDisconnect(imagewirev1.OnDisconnect_ON_DISCONNECT_KEEP))
	case "cancel":
		options = append(options, imagewire.OnDisconnect(imagewirev1.OnDisconnect_ON_DISCONNECT_CANCEL))
	}
	if s.CacheTTLMS != nil {
		options = append(options, imagewire.CacheTTL(time.Duration(*s.CacheTTLMS)*time.Millisecond))
	}
	images, err := r.images(s)
	return append(options, imagewire.Images(images...)), err
}

func (r *runner) images(s *step) (found []*imagewire.Image, err error) {
	for _, given := range s.Images {
		switch {
		case given.Step != nil:
			found = append(found, imagewire.NewImage(r.bytes[[2]int{*given.Step, given.Part}]))
		case given.Data != nil:
			found = append(found, imagewire.NewImage(given.Data))
		case given.URI != "":
			found = append(found, &imagewire.Image{URI: given.URI})
		default:
			found = append(found, &imagewire.Image{ID: given.ImageID})
		}
	}
	return found, nil
}

func (r *runner) chat(ctx context.Context, s *step) (object, error) {
	options, err := r.options(s)
	if err != nil {
		return nil, err
	}
	chat := r.chats[s.Chat]
	switch {
	case chat != nil:
	case s.Load != "":
		saved, err := os.ReadFile(s.Load)
		if err != nil {
			return nil, err
		}
		if chat, err = r.client.LoadChat(saved); err != nil {
			return nil, err
		}
	default:
		chat = r.client.Chat(options[3:]...) // its model and its spec
	}
	r.chats[s.Chat] = chat
	images, err := r.images(s)
	if err != nil {
		return nil, err
	}
	said, err := r.answer(chat.Send(ctx, s.Prompt, imagewire.RequestID(s.RequestID), imagewire.Images(images...)))
	if err == nil && s.Save != "" {
		saved, err := chat.Save()
		if err != nil {
			return nil, err
		}
		return said, os.WriteFile(s.Save, saved, 0o600)
	}
	return said, err
}
