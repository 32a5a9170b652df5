"""The ordinary generator of each language takes the contract as it is, and puts it where that language wants it."""

import importlib
import re
from pathlib import Path

import pytest

from tests.stubs import languages

OPTIONS = {
    "csharp_namespace": "Imagewire.V1",
    "go_package": "github.com/imagewire/imagewire/clients/go/imagewire/v1;imagewirev1",
    "java_multiple_files": True,
    "java_package": "dev.imagewire.v1",
    "objc_class_prefix": "IWR",
    "php_namespace": "Imagewire\\V1",
    "ruby_package": "Imagewire::V1",
    "swift_prefix": "Imagewire_V1_",
}

# The generator, a file that it makes, and what stands in it.
MADE = {
    "cpp": ("imagewire/v1/message.pb.h", r"namespace imagewire \{\s+namespace v1 \{"),
    "csharp": ("Message.cs", r"namespace Imagewire\.V1 \{"),
    "java": ("dev/imagewire/v1/ChatMessage.java", r"package dev\.imagewire\.v1;"),
    "kotlin": ("dev/imagewire/v1/ChatMessageKt.kt", r"package dev\.imagewire\.v1"),
    "objc": ("imagewire/v1/Message.pbobjc.h", r"@interface IWRChatMessage : GPBMessage"),
    "php": ("Imagewire/V1/ChatMessage.php", r"namespace Imagewire\\V1;"),
    "pyi": ("imagewire/v1/message_pb2.pyi", r"class ChatMessage\("),
    "python": ("imagewire/v1/message_pb2.py", r"imagewire\.v1\.message_pb2"),
    "ruby": ("imagewire/v1/message_pb.rb", r"module Imagewire\s+module V1\s+ChatMessage ="),
}


@pytest.mark.parametrize("file", languages.FILES)
def test_a_file_has_the_options_of_all_languages(file: str) -> None:
    module = importlib.import_module(file.removesuffix(".proto").replace("/", ".") + "_pb2")
    options = module.DESCRIPTOR.GetOptions()
    assert {name: getattr(options, name) for name in OPTIONS} == OPTIONS
    assert options.java_outer_classname == "".join(map(str.title, Path(file).stem.split("_"))) + "Proto"


@pytest.mark.parametrize("generator", MADE)
def test_a_generator_needs_no_options(generator: str, tmp_path: Path) -> None:
    languages.protoc(f"--{generator}_out={tmp_path}")
    file, text = MADE[generator]
    assert re.search(text, (tmp_path / file).read_text())


@pytest.mark.timeout(600)  # A first run fetches gRPC and compiles the stubs.
def test_no_name_collides_in_java(tmp_path: Path) -> None:
    """javac refuses a name that two packages imported whole have; java.lang is imported whole in every file."""
    languages.java()
    languages.protoc(f"--java_out={tmp_path}")
    names = sorted(path.stem for path in (tmp_path / "dev/imagewire/v1").glob("*.java"))
    assert len(names) > 100
    packages = ("dev.imagewire.v1", "com.google.protobuf", "io.grpc", "io.grpc.stub", "java.io", "java.util")
    source = tmp_path / "Names.java"
    source.write_text(
        "".join(f"import {package}.*;\n" for package in packages)
        + f"class Names {{ Class<?>[] all = {{{', '.join(f'{name}.class' for name in names)}}}; }}\n"
    )
    languages.javac("-d", tmp_path, source)
