// SPDX-License-Identifier: GPL-2.0-or-later

// Package output writes what commands have to report in the form the user
// asked for: upstream's text, a table, one JSON document, or JSON lines.
//
// Text is written by the commands themselves, since upstream's is different
// for each. The other forms are written here, so that they look the same
// everywhere.
package output

import (
	"fmt"
	"io"
	"strings"
)

// Form is one of the forms a report can have.
type Form uint8

// The forms of a report.
const (
	Text  Form = iota // upstream's text, the default
	Table             // columns for people
	JSON              // one document
	JSONL             // one object in each line, written as soon as it is known
)

var formNames = [...]string{"text", "table", "json", "jsonl"}

// String returns the name users know the form by.
func (f Form) String() string { return formNames[f] }

// Forms are the names of all forms, in their order.
func Forms() []string { return formNames[:] }

// ParseForm returns the form called name.
func ParseForm(name string) (Form, error) {
	for i, known := range formNames {
		if name == known {
			return Form(i), nil
		}
	}
	return Text, fmt.Errorf("unknown output '%s', use one of %s", name, strings.Join(formNames[:], ", "))
}

// Machine reports whether programs read the form rather than people.
func (f Form) Machine() bool { return f == JSON || f == JSONL }

// Writer writes the report of one command. It is used by one goroutine at a
// time. The first error of the underlying writer ends the report: all later
// calls return it again, so a command may check only where it would stop.
type Writer struct {
	form Form
	w    io.Writer
	err  error
}

// New returns a Writer of reports to w.
func New(form Form, w io.Writer) *Writer {
	return &Writer{form: form, w: w}
}

// Form returns the form the user asked for.
func (o *Writer) Form() Form { return o.form }

// Write writes text as it is. Commands use it in the form Text.
func (o *Writer) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// Printf writes formatted text. Its error comes back from the next call that
// returns one, and at the end of the program.
func (o *Writer) Printf(format string, args ...any) {
	if o.err == nil {
		_, o.err = fmt.Fprintf(o.w, format, args...)
	}
}

// Err returns the first error of the underlying writer.
func (o *Writer) Err() error { return o.err }

// Flush passes on what a writer below has buffered, for a report that goes on
// after a pause.
func (o *Writer) Flush() error {
	if buffer, ok := o.w.(interface{ Flush() error }); ok && o.err == nil {
		o.err = buffer.Flush()
	}
	return o.err
}
