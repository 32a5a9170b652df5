"""The generated stubs of protos/imagewire/v1. Made by `make gen`; nothing here is edited by hand."""
