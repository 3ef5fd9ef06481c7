// SPDX-License-Identifier: GPL-2.0-or-later

package output

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// Appender is a value that writes itself as JSON. Reports of millions of
// values use it, because the general way inspects each value's type anew.
type Appender interface {
	AppendJSON(buf []byte) ([]byte, error)
}

// Name is a name or path from a volume: any bytes. In JSON it is a string if
// the bytes are UTF-8, and otherwise an object {"base64": "..."}, so that
// every name survives.
type Name string

// MarshalJSON implements json.Marshaler.
func (n Name) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return encode(string(n))
	}
	return encode(struct {
		Base64 string `json:"base64"`
	}{base64.StdEncoding.EncodeToString([]byte(n))})
}

// encode returns v as JSON in one line without the newline, and leaves the
// characters <, > and & as they are.
func encode(v any) ([]byte, error) {
	if a, ok := v.(Appender); ok {
		return a.AppendJSON(nil)
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Object writes the whole report as one JSON value: indented in the form
// JSON, in one line in the form JSONL.
func (o *Writer) Object(v any) error {
	line, err := encode(v)
	if err != nil {
		return err
	}
	if o.form == JSON {
		var indented bytes.Buffer
		if err := json.Indent(&indented, line, "", "  "); err != nil {
			return err
		}
		line = indented.Bytes()
	}
	_, err = o.Write(append(line, '\n'))
	return err
}

// List starts a report that is a list: an array in the form JSON, with one
// element in each line, and a line for each element in the form JSONL. Its
// elements are written as they come.
func (o *Writer) List() *List {
	return &List{out: o}
}

// List is a list that is being written.
type List struct {
	out   *Writer
	buf   []byte
	count int
}

// Add writes the next element.
func (l *List) Add(v any) error {
	l.buf = l.buf[:0]
	if l.out.form == JSON {
		l.buf = append(l.buf, l.separator()...)
	}
	var err error
	if a, ok := v.(Appender); ok {
		l.buf, err = a.AppendJSON(l.buf)
	} else {
		var element []byte
		element, err = encode(v)
		l.buf = append(l.buf, element...)
	}
	if err != nil {
		return err
	}
	if l.out.form == JSONL {
		l.buf = append(l.buf, '\n')
	}
	l.count++
	_, err = l.out.Write(l.buf)
	return err
}

func (l *List) separator() string {
	if l.count == 0 {
		return "[\n  "
	}
	return ",\n  "
}

// Close ends the list. A list that is not closed is visibly incomplete in
// the form JSON.
func (l *List) Close() error {
	if l.out.form != JSON {
		return l.out.err
	}
	end := "\n]\n"
	if l.count == 0 {
		end = "[]\n"
	}
	_, err := l.out.Write([]byte(end))
	return err
}
