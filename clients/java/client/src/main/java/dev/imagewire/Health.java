package dev.imagewire;

import com.google.protobuf.Empty;
import dev.imagewire.v1.ListModelsRequest;
import dev.imagewire.v1.ModelServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.List;

/** gRPC's health service, of which one field is wanted: its stubs are a large dependency. */
final class Health {
  private static final int STATUS = 1;
  private static final List<String> NAMES =
      List.of("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN");
  private static final MethodDescriptor<Empty, Empty> CHECK =
      MethodDescriptor.<Empty, Empty>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("grpc.health.v1.Health/Check")
          .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .build();

  private Health() {}

  static Pong ping(Call call) {
    return call.repeated(
        false,
        attempt -> {
          ClientCalls.blockingUnaryCall(
              attempt.channel(),
              ModelServiceGrpc.getListModelsMethod(),
              CallOptions.DEFAULT,
              ListModelsRequest.newBuilder().setPageSize(1).build());
          String version = attempt.header("x-imagewire-version");
          long began = System.nanoTime();
          Empty said =
              ClientCalls.blockingUnaryCall(
                  attempt.channel(), CHECK, CallOptions.DEFAULT, Empty.getDefaultInstance());
          var roundTrip = Duration.ofNanos(System.nanoTime() - began);
          return new Pong(status(said), version, roundTrip);
        });
  }

  private static String status(Empty said) {
    List<Long> values = said.getUnknownFields().getField(STATUS).getVarintList();
    int last = values.isEmpty() ? 0 : values.get(values.size() - 1).intValue();
    return last >= 0 && last < NAMES.size() ? NAMES.get(last) : Integer.toString(last);
  }
}
