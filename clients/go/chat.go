package imagewire

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Chat is a chat that keeps its messages: an answer joins them when it is whole, with the signatures that the model wants
// back. It is for one goroutine at a time. Make one with [Client.Chat].
type Chat struct {
	// Messages are those so far, oldest first. The slice may be changed: chat.Messages = chat.Messages[:len(chat.Messages)-2]
	// undoes a turn.
	Messages []*imagewirev1.ChatMessage

	client  *Client
	options []Option
}

// Chat starts a chat. Nothing is sent yet. options go with every call.
func (c *Client) Chat(options ...Option) *Chat { return &Chat{client: c, options: options} }

// LoadChat goes on with a chat that was saved, by whatever client: the JSON of a [imagewirev1.Spec]. options are further
// ones for every call.
func (c *Client) LoadChat(saved []byte, options ...Option) (*Chat, error) {
	spec := &imagewirev1.Spec{}
	if err := protojson.Unmarshal(saved, spec); err != nil {
		return nil, fmt.Errorf("imagewire: this is no saved chat: %w", err)
	}
	messages := spec.Messages
	spec.Messages = nil
	made := c.Chat(append([]Option{FromSpec(spec)}, options...)...)
	made.Messages = messages
	return made, nil
}

// Save is the chat as JSON, with its pictures and its options, for any client's way of going on with it.
func (c *Chat) Save() ([]byte, error) {
	made, err := newRequest("", c.options)
	if err != nil {
		return nil, err
	}
	made.spec.Messages = append(made.spec.Messages, c.Messages...)
	return protojson.Marshal(made.spec)
}

// Send says something, and waits for the whole answer. An empty prompt asks with the messages so far. If there is an
// error, or an empty answer because a filter blocked the prompt, the messages stay as they were.
func (c *Chat) Send(ctx context.Context, prompt string, options ...Option) (*Answer, error) {
	return c.Stream(ctx, prompt, options...).Collect()
}

// Stream is Send, while the answer arrives. The answer joins the messages with its last event.
func (c *Chat) Stream(ctx context.Context, prompt string, options ...Option) *Stream {
	made, err := newRequest(prompt, append(append(append([]Option{}, c.options...), options...), c.before))
	if err != nil {
		return failed(err)
	}
	return c.client.stream(ctx, made, c)
}

// before puts the chat's messages in front of what is said now.
func (c *Chat) before(made *request) {
	for _, message := range c.Messages {
		made.spec.Messages = append(made.spec.Messages, share(message))
	}
}

// append adds a turn. said: the user's message, nil for none. A prompt without an answer, such as a blocked one, is no
// turn: it would be blocked again.
func (c *Chat) append(said *imagewirev1.ChatMessage, answer *Answer) error {
	message, err := answer.Message()
	if err != nil || len(message.Parts) == 0 {
		return err
	}
	if said != nil {
		c.Messages = append(c.Messages, said)
	}
	c.Messages = append(c.Messages, message)
	return nil
}
