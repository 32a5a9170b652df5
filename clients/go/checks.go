package imagewire

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var headerName = regexp.MustCompile(`^[a-z0-9_.-]+$`)

const notUTF8 = "is not UTF-8, which all text must be"

// checkText checks all text of a message. prefix is where it stands, with a dot at its end, or empty.
func checkText(prefix string, message proto.Message) error {
	if found := badText(prefix, message.ProtoReflect()); found != "" {
		return invalid(found, notUTF8)
	}
	return nil
}

// badText is the path of a text that is not UTF-8; empty if there is none.
func badText(prefix string, message protoreflect.Message) (found string) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		path := prefix + string(field.Name())
		switch {
		case field.IsMap():
			value.Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
				at := fmt.Sprintf("%s[%s]", path, strings.ToValidUTF8(key.String(), "?"))
				if found = badValue(at, value); !utf8.ValidString(key.String()) {
					found = at
				}
				return found == ""
			})
		case field.IsList():
			for i := 0; i < value.List().Len() && found == ""; i++ {
				found = badValue(fmt.Sprintf("%s[%d]", path, i), value.List().Get(i))
			}
		default:
			found = badValue(path, value)
		}
		return found == ""
	})
	return found
}

func badValue(path string, value protoreflect.Value) string {
	switch value := value.Interface().(type) {
	case string:
		if !utf8.ValidString(value) {
			return path
		}
	case protoreflect.Message:
		return badText(path+".", value)
	}
	return ""
}

// checkMetadata checks that headers can hold it. Pseudo-headers, in ":", are never sent.
func checkMetadata(sent metadata.MD) error {
	for name, values := range sent {
		binary := strings.HasSuffix(name, "-bin") || strings.HasPrefix(name, ":")
		sound := binary || !slices.ContainsFunc(values, func(value string) bool { return !printable.MatchString(value) })
		if !sound || !strings.HasPrefix(name, ":") && !headerName.MatchString(name) {
			return invalid("metadata."+name, "must be a name of a-z, 0-9, -, _ and ., with printable ASCII as its value: other"+
				" bytes go under a name in -bin")
		}
	}
	return nil
}
