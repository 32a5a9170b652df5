# Draws one 4K picture with plain stubs: ruby -I STUBS draw.rb TARGET FILE.
#
# The stubs come from the ordinary command:
#
#   protoc -I PROTOS --ruby_out=STUBS --grpc_out=STUBS --plugin=protoc-gen-grpc="$(command -v grpc_ruby_plugin)" \
#     PROTOS/imagewire/v1/*.proto
require "digest"
require "google/protobuf/well_known_types" # Any.is and Any.unpack
require "google/rpc/error_details_pb"
require "google/rpc/status_pb"
require "imagewire/v1/chat_service_services_pb"
require "imagewire/v1/error_reason_pb"

V1 = Imagewire::V1

# The picture of one call. It holds all of it in memory; a program that does not want to can write each chunk to its file
# as it comes.
def draw(chat, model)
  spec = V1::Spec.new(
    model: model,
    messages: [V1::ChatMessage.new(role: :ROLE_USER, content: "A banana")],
    image_config: V1::ImageConfig.new(image_size: "4K")
  )
  parts = Hash.new { |all, index| all[index] = String.new(encoding: Encoding::BINARY) } # one candidate is asked for
  picture = nil
  chat.stream_completion(V1::StreamCompletionRequest.new(spec: spec), deadline: Time.now + 120).each do |event|
    case event.event
    when :image_chunk
      chunk = event.image_chunk
      raise "bytes are missing" if chunk.offset != parts[chunk.part_index].bytesize

      parts[chunk.part_index] << chunk.data
    when :part_finished
      # The picture's own account of itself. A thought is a draft, and text has no image.
      part = event.part_finished
      next if part.image.nil? || part.thought

      picture = parts[part.part_index]
      whole = picture.bytesize == part.image.size_bytes && Digest::SHA256.digest(picture) == part.image.sha256
      raise "the picture is damaged" unless whole
    when :finished
      return picture
    end
  end
  raise "the stream ended without finished: the answer is not whole"
end

# The value of ErrorReason that an error tells of. One that these stubs do not know is unspecified.
def reason_of(error)
  status = Google::Rpc::Status.decode(error.metadata.fetch("grpc-status-details-bin", ""))
  info = status.details.find { |detail| detail.is(Google::Rpc::ErrorInfo) }&.unpack(Google::Rpc::ErrorInfo)
  name = :"ERROR_REASON_#{info.reason}" if info&.domain == "imagewire.dev"
  name && V1::ErrorReason.resolve(name) ? name : :ERROR_REASON_UNSPECIFIED
end

target, file = ARGV
# Without retries: a call that failed may have been charged, see the trailer grpc-retry-pushback-ms.
chat = V1::ChatService::Stub.new(target, :this_channel_is_insecure, channel_args: { "grpc.enable_retries" => 0 })
picture = draw(chat, "gemini/gemini-3-pro-image")
File.binwrite(file, picture)
puts "#{picture.bytesize} bytes, sha256 #{Digest::SHA256.hexdigest(picture)}"
begin
  draw(chat, "gemini/no-such-model")
rescue GRPC::BadStatus => e
  raise unless reason_of(e) == :ERROR_REASON_MODEL_NOT_FOUND

  puts reason_of(e)
end
