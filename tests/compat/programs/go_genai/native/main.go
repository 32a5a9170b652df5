// Google's SDK for Go: makes the calls of a table, and prints what each answer says, a line of JSON for each.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"google.golang.org/genai"
)

type call struct {
	Name     string
	Model    string
	Contents []*genai.Content
	Config   *genai.GenerateContentConfig
	Stream   bool
}

type said struct {
	Name    string                           `json:"name"`
	Answers []*genai.GenerateContentResponse `json:"answers"`
	Code    int                              `json:"code,omitempty"`
	Status  string                           `json:"status,omitempty"`
}

func ask(ctx context.Context, client *genai.Client, asked call) said {
	told := said{Name: asked.Name, Answers: []*genai.GenerateContentResponse{}}
	failed := func(err error) {
		var refused genai.APIError
		if !errors.As(err, &refused) {
			log.Fatal(asked.Name, ": ", err)
		}
		told.Code, told.Status = refused.Code, refused.Status
	}
	if !asked.Stream {
		answer, err := client.Models.GenerateContent(ctx, asked.Model, asked.Contents, asked.Config)
		if err != nil {
			failed(err)
		} else {
			told.Answers = append(told.Answers, answer)
		}
		return told
	}
	for chunk, err := range client.Models.GenerateContentStream(ctx, asked.Model, asked.Contents, asked.Config) {
		if err != nil {
			failed(err)
			break
		}
		told.Answers = append(told.Answers, chunk)
	}
	return told
}

func main() {
	ctx := context.Background()
	backend := genai.BackendGeminiAPI
	if os.Getenv("VERTEX") != "" {
		backend = genai.BackendVertexAI
	}
	client, err := genai.NewClient(ctx, &genai.ClientConfig{
		APIKey:      os.Getenv("KEY"),
		Backend:     backend,
		HTTPOptions: genai.HTTPOptions{BaseURL: os.Getenv("BASE_URL")},
	})
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked call
		if err := json.Unmarshal(line, &asked); err != nil {
			log.Fatal(err)
		}
		printed, err := json.Marshal(ask(ctx, client, asked))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(printed))
	}
}
