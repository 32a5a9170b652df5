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
)

type object = map[string]any

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
