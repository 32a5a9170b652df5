package imagewire

import (
	"crypto/rand"
	"fmt"
	"os"
	"regexp"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func newUUID() string {
	var made [16]byte
	rand.Read(made[:]) // never fails
	made[6], made[8] = made[6]&0x0f|0x40, made[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", made[:4], made[4:6], made[6:8], made[8:10], made[10:])
}

// request is what one call asks for.
type request struct {
	spec           *imagewirev1.Spec
	model          string
	images         []*Image
	requestID      string
	onDisconnect   imagewirev1.OnDisconnect
	cacheTTL       *durationpb.Duration
	maxFrameBytes  int
	maxInlineBytes int
	// said is the user's message that the prompt and the images make, nil without them.
	said *imagewirev1.ChatMessage
}

// Option is an option of a call that draws, or of all calls of a [Chat]. A nil one says nothing.
type Option func(*request)

// Model is the model to ask. Default: the environment variable IMAGEWIRE_MODEL, else [DefaultModel].
func Model(name string) Option { return func(r *request) { r.model = name } }

// Images are pictures to edit. They stand in front of the prompt.
func Images(pictures ...*Image) Option {
	return func(r *request) { r.images = append(r.images, pictures...) }
}

// AspectRatio is width to height, for example "16:9".
func AspectRatio(ratio string) Option {
	return func(r *request) { r.imageConfig().AspectRatio = ratio }
}

// ImageSize is "512", "1K", "2K" or "4K".
func ImageSize(size string) Option { return func(r *request) { r.imageConfig().ImageSize = size } }

func (r *request) imageConfig() *imagewirev1.ImageConfig {
	if r.spec.ImageConfig == nil {
		r.spec.ImageConfig = &imagewirev1.ImageConfig{}
	}
	return r.spec.ImageConfig
}

// FromSpec is everything else that a request may say, as the contract has it: earlier messages, tools, sampling, safety
// settings and so on. The prompt comes behind its messages. spec is not changed.
func FromSpec(spec *imagewirev1.Spec) Option {
	return func(r *request) {
		merged := share(spec)
		proto.Merge(merged, r.spec)
		if r.model == "" {
			r.model = merged.Model
		}
		r.spec = merged
	}
}

// RequestID names what is drawn by a UUID of your own: the same call made again with it is not drawn and paid again.
// [Client.Resume] and [Client.GetCompletion] find the answer by it too.
func RequestID(uuid string) Option { return func(r *request) { r.requestID = uuid } }

// OnDisconnect is what happens if you leave before the answer is whole. Default: the server's setting.
func OnDisconnect(wish imagewirev1.OnDisconnect) Option {
	return func(r *request) { r.onDisconnect = wish }
}

// CacheTTL takes an answer of yours to the same request that is no older than this, at no cost; 0 draws in any case.
// Default: the server's setting, usually 0.
func CacheTTL(age time.Duration) Option {
	return func(r *request) { r.cacheTTL = durationpb.New(age) }
}

// MaxFrameBytes is the most bytes of a picture in one event of a stream: 16 KiB to 2 MiB. Default: 256 KiB.
func MaxFrameBytes(most int) Option { return func(r *request) { r.maxFrameBytes = most } }

// MaxInlineBytes is the most bytes of the answer of [Client.Create]. Default: what the client takes in one message.
func MaxInlineBytes(most int) Option { return func(r *request) { r.maxInlineBytes = most } }

func newRequest(prompt string, options []Option) (*request, error) {
	made := &request{spec: &imagewirev1.Spec{}}
	for _, option := range options {
		if option != nil {
			option(made)
		}
	}
	if !utf8.ValidString(prompt) {
		return nil, invalid("prompt", notUTF8)
	}
	for _, name := range []string{made.model, os.Getenv("IMAGEWIRE_MODEL"), DefaultModel} {
		if made.spec.Model = name; name != "" {
			break
		}
	}
	if made.requestID != "" && !uuidForm.MatchString(made.requestID) {
		return nil, invalid("request_id", "must be a UUID")
	}
	if prompt == "" && len(made.images) == 0 {
		return made, checkText("spec.", made.spec)
	}
	made.said = &imagewirev1.ChatMessage{Role: imagewirev1.Role_ROLE_USER}
	for _, image := range made.images {
		sent, err := image.proto()
		if err != nil {
			return nil, err
		}
		made.said.Parts = append(made.said.Parts, &imagewirev1.Part{Content: &imagewirev1.Part_Image{Image: sent}})
	}
	if prompt != "" {
		made.said.Parts = append(made.said.Parts, &imagewirev1.Part{Content: &imagewirev1.Part_Text{Text: prompt}})
	}
	made.spec.Messages = append(made.spec.Messages, share(made.said))
	return made, checkText("spec.", made.spec)
}

// share copies a message, but not its bytes: a chat's pictures are in memory once, and the copy can name them by their
// hash.
func share[M proto.Message](given M) M {
	return shared(given.ProtoReflect()).Interface().(M)
}

func shared(given protoreflect.Message) protoreflect.Message {
	made := given.New()
	given.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap() || field.Message() == nil:
			made.Set(field, value) // never changed by this client
		case field.IsList():
			list := made.Mutable(field).List()
			for i := range value.List().Len() {
				list.Append(protoreflect.ValueOfMessage(shared(value.List().Get(i).Message())))
			}
		default:
			made.Set(field, protoreflect.ValueOfMessage(shared(value.Message())))
		}
		return true
	})
	return made
}
