package dev.imagewire;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.imagewire.v1.ChatMessage;
import dev.imagewire.v1.Spec;
import java.util.ArrayList;
import java.util.List;

/**
 * A chat that keeps its messages: an answer joins them when it is whole, with the signatures that
 * the model wants back. It is for one thread at a time. {@link Client#chat} makes one.
 */
public final class Chat {
  private final Client client;
  private final Options options;
  private final List<ChatMessage> messages = new ArrayList<>();

  Chat(Client client, Options options, List<ChatMessage> messages) {
    this.client = client;
    this.options = options;
    this.messages.addAll(messages);
  }

  /** What joins the messages when an answer is whole. */
  record Turn(Chat chat, ChatMessage said) {
    void add(Answer answer) {
      ChatMessage message = answer.message();
      // A prompt without an answer, such as a blocked one, is no turn: it would be blocked again.
      if (message.getPartsCount() > 0) {
        if (said != null) {
          chat.messages.add(said);
        }
        chat.messages.add(message);
      }
    }
  }

  /** The messages so far, oldest first. The list may be changed: to undo a turn, remove two. */
  public List<ChatMessage> messages() {
    return messages;
  }

  /**
   * Says something, and waits for the whole answer. An empty prompt asks with the messages so far.
   * If this throws, or the answer is empty because a filter blocked the prompt, the messages stay
   * as they were.
   */
  public Answer send(String prompt) {
    return send(prompt, new Options());
  }

  /** The same with further options, which count for this call. */
  public Answer send(String prompt, Options more) {
    return stream(prompt, more).collect();
  }

  /** The answer while it arrives. It joins the messages with its last event. */
  public AnswerStream stream(String prompt) {
    return stream(prompt, new Options());
  }

  /** The same with further options, which count for this call. */
  public AnswerStream stream(String prompt, Options more) {
    var request = new Request(prompt, options.and(more), messages);
    return client.stream(request, new Turn(this, request.said));
  }

  /** The chat with its pictures and its options: {@link Client#chat(Spec)} goes on with it. */
  public Spec toSpec() {
    return new Request("", options, messages).spec();
  }

  /** The same as JSON, for any client in any language: {@link Client#chatFromJson}. */
  public String toJson() {
    try {
      return JsonFormat.printer().omittingInsignificantWhitespace().print(toSpec());
    } catch (InvalidProtocolBufferException impossible) { // only Any can be unknown
      throw new IllegalStateException(impossible);
    }
  }

  static Spec parsed(String json) {
    var made = Spec.newBuilder();
    try {
      JsonFormat.parser().merge(json, made);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("this is no saved chat: " + e.getMessage(), e);
    }
    return made.build();
  }
}
