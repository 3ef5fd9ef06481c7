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

// encoder appends values to a buffer as JSON in one line, with the characters
// <, > and & as they are.
type encoder struct {
	buf     bytes.Buffer
	general *json.Encoder
}

func newEncoder() *encoder {
	e := &encoder{}
	e.general = json.NewEncoder(&e.buf)
	e.general.SetEscapeHTML(false)
	return e
}

func (e *encoder) add(v any) error {
	if a, ok := v.(Appender); ok {
		text, err := a.AppendJSON(e.buf.AvailableBuffer())
		if err == nil {
			e.buf.Write(text)
		}
		return err
	}
	if err := e.general.Encode(v); err != nil {
		return err
	}
	e.buf.Truncate(e.buf.Len() - len("\n"))
	return nil
}

func encode(v any) ([]byte, error) {
	e := newEncoder()
	err := e.add(v)
	return e.buf.Bytes(), err
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
	return &List{out: o, line: newEncoder()}
}

// List is a list that is being written.
type List struct {
	out   *Writer
	line  *encoder
	begun bool
}

// Add writes the next element.
func (l *List) Add(v any) error {
	buf := &l.line.buf
	buf.Reset()
	switch {
	case l.out.form != JSON:
	case l.begun:
		buf.WriteString(",\n  ")
	default:
		buf.WriteString("[\n  ")
	}
	if err := l.line.add(v); err != nil {
		return err
	}
	if l.out.form != JSON {
		buf.WriteByte('\n')
	}
	l.begun = true
	_, err := l.out.Write(buf.Bytes())
	return err
}

// Close ends the list. A list that is not closed is visibly incomplete in
// the form JSON.
func (l *List) Close() error {
	if l.out.form != JSON {
		return l.out.err
	}
	end := "[]\n"
	if l.begun {
		end = "\n]\n"
	}
	_, err := l.out.Write([]byte(end))
	return err
}
