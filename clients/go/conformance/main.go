// Command conformance runs conformance cases with the Go client, as tests/conformance/README.md says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	imagewire "github.com/imagewire/imagewire/clients/go"
	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

type object = map[string]any

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

// runner runs one case.
type runner struct {
	client *imagewire.Client
	seen   []any
	bytes  map[[2]int][]byte
	chats  map[string]*imagewire.Chat
}

func main() {
	log.SetFlags(0)
	for _, path := range os.Args[1:] {
		if err := run(path); err != nil {
			log.Fatalf("%s: %v", path, err)
		}
	}
}

func run(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var given struct {
		Name   string
		Client struct {
			APIKey          *string `json:"api_key"`
			MaxMessageBytes int     `json:"max_message_bytes"`
			Anonymous       bool
		}
		Steps []any
	}
	if err := json.Unmarshal(text, &given); err != nil {
		return err
	}
	options := []imagewire.ClientOption{imagewire.WithAPIKey(os.Getenv("CONFORMANCE_API_KEY"))}
	if given.Client.APIKey != nil {
		options = append(options, imagewire.WithAPIKey(*given.Client.APIKey))
	}
	if most := given.Client.MaxMessageBytes; most > 0 {
		options = append(options, imagewire.WithMaxMessageBytes(most))
	}
	if ca := os.Getenv("CONFORMANCE_CA"); ca != "" {
		files := imagewire.TLS{CA: ca, Cert: os.Getenv("CONFORMANCE_CERT"), Key: os.Getenv("CONFORMANCE_KEY")}
		if given.Client.Anonymous {
			files.Cert, files.Key = "", ""
		}
		options = append(options, imagewire.WithTLS(files))
	}
	client, err := imagewire.New(os.Getenv("CONFORMANCE_TARGET"), options...)
	if err != nil {
		return err
	}
	defer client.Close()
	r := &runner{client: client, bytes: map[[2]int][]byte{}, chats: map[string]*imagewire.Chat{}}
	for index, raw := range given.Steps {
		said, err := r.step(raw)
		if err != nil {
			return fmt.Errorf("step %d: %w", index, err)
		}
		// What the driver reads again: numbers and texts as JSON has them.
		printed, err := json.Marshal(said)
		if err != nil {
			return err
		}
		var plain any
		_ = json.Unmarshal(printed, &plain)
		r.seen = append(r.seen, plain)
		said["case"], said["step"] = given.Name, index
		line, _ := json.Marshal(said)
		fmt.Println(string(line))
	}
	return nil
}

// filled is a value with each "$N.path" replaced by what step N printed there.
func (r *runner) filled(value any) any {
	switch value := value.(type) {
	case object:
		for name := range value {
			value[name] = r.filled(value[name])
		}
	case []any:
		for i := range value {
			value[i] = r.filled(value[i])
		}
	case string:
		if path, ok := strings.CutPrefix(value, "$"); ok {
			var found any = r.seen
			for _, name := range strings.Split(path, ".") {
				if list, ok := found.([]any); ok {
					at, _ := strconv.Atoi(name)
					found = list[at]
				} else {
					found = found.(object)[name]
				}
			}
			return found
		}
	}
	return value
}

// step makes one call. The error is the runner's own; the call's is what is said.
func (r *runner) step(raw any) (object, error) {
	text, err := json.Marshal(r.filled(raw))
	if err != nil {
		return nil, err
	}
	var s step
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if s.TimeoutMS > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(s.TimeoutMS)*time.Millisecond)
		defer cancel()
	}
	said, err := r.call(ctx, cancel, &s)
	if err == nil {
		return said, nil
	}
	if errors.Is(err, errLeft) {
		return object{"cancelled": true}, nil
	}
	var failed *imagewire.Error
	if !errors.As(err, &failed) {
		return nil, err
	}
	fields := []string{}
	for _, violation := range failed.Violations {
		fields = append(fields, violation.Field)
	}
	return object{"error": object{
		"code": failed.Code, "reason": failed.Reason, "fields": fields, "retryable": failed.Retryable,
		"retry_after_seconds": failed.RetryAfter.Seconds(),
	}}, nil
}

var errLeft = errors.New("the stream was cancelled on purpose")

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
