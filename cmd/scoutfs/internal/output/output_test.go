// SPDX-License-Identifier: GPL-2.0-or-later

package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"scoutfs/cmd/scoutfs/internal/output"
)

type entry struct {
	Ino  uint64      `json:"ino"`
	Name output.Name `json:"name"`
}

// fast is an entry that writes itself.
type fast struct{ entry }

func (f fast) AppendJSON(buf []byte) ([]byte, error) {
	return append(buf, `{"fast":true}`...), nil
}

func TestObject(t *testing.T) {
	t.Parallel()
	value := entry{1 << 63, "a<b>&c"}
	tests := []struct {
		form output.Form
		want string
	}{
		{output.JSON, "{\n  \"ino\": 9223372036854775808,\n  \"name\": \"a<b>&c\"\n}\n"},
		{output.JSONL, `{"ino":9223372036854775808,"name":"a<b>&c"}` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.form.String(), func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			if err := output.New(test.form, &buf).Object(value); err != nil {
				t.Fatal(err)
			}
			if buf.String() != test.want {
				t.Errorf("got %q, want %q", &buf, test.want)
			}
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		form   output.Form
		values []any
		want   string
	}{
		{"empty array", output.JSON, nil, "[]\n"},
		{
			"array", output.JSON,
			[]any{entry{1, "a"}, fast{}, entry{3, "c"}},
			"[\n  {\"ino\":1,\"name\":\"a\"},\n  {\"fast\":true},\n  {\"ino\":3,\"name\":\"c\"}\n]\n",
		},
		{"no lines", output.JSONL, nil, ""},
		{"lines", output.JSONL, []any{entry{1, "a"}, fast{}}, "{\"ino\":1,\"name\":\"a\"}\n{\"fast\":true}\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			list := output.New(test.form, &buf).List()
			for _, value := range test.values {
				if err := list.Add(value); err != nil {
					t.Fatal(err)
				}
			}
			if err := list.Close(); err != nil {
				t.Fatal(err)
			}
			if buf.String() != test.want {
				t.Errorf("got %q, want %q", &buf, test.want)
			}
			if test.form == output.JSON && !json.Valid(buf.Bytes()) {
				t.Error("not JSON")
			}
		})
	}
}

func TestNamesOfAnyBytesSurvive(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "plain", "ünïcode", "\xff\xfe", "a\x80b", "\x00\n\"\\"} {
		text, err := json.Marshal(output.Name(name))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Base64 []byte `json:"base64"`
		}
		var plain string
		if err := json.Unmarshal(text, &plain); err == nil {
			got.Base64 = []byte(plain)
		} else if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if string(got.Base64) != name {
			t.Errorf("%q became %s", name, text)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	table := output.New(output.Table, &buf).Table(output.Column{Name: "NAME"}, output.Column{Name: "COUNT", Right: true}, output.Column{Name: "WHERE"})
	table.Row("a", "1", "here")
	table.Row("a longer name", "12345", "")
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"NAME           COUNT  WHERE",
		"a                  1  here",
		"a longer name  12345",
		"",
	}, "\n")
	if buf.String() != want {
		t.Errorf("got\n%swant\n%s", &buf, want)
	}
}

func TestTableOfCellsWithSeveralLines(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	table := output.New(output.Table, &buf).Table(output.Column{Name: "N", Right: true}, output.Column{Name: "TEXT"})
	row := []string{"10", "one\nand two"}
	table.Row(row...)
	table.Row("2", "ü\n")
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	if want := " N  TEXT\n10  one\n    and two\n 2  ü\n\n"; buf.String() != want {
		t.Errorf("got %q, want %q", &buf, want)
	}
	if row[1] != "one\nand two" {
		t.Errorf("the caller's row became %q", row)
	}
}

// Nobody waits for the end of a long table, and it is not held in memory.
func TestLongTableIsWrittenInParts(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	table := output.New(output.Table, &buf).Table(output.Column{Name: "NUMBER", Right: true}, output.Column{Name: "NAME"})
	const rows = 10_000
	for i := range rows {
		table.Row(strconv.Itoa(i), "name")
	}
	if buf.Len() == 0 {
		t.Error("nothing is written before the end")
	}
	table.Row("1234567890", "long")
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(buf.String(), "\n")
	if len(lines) != rows+3 || lines[0] != "NUMBER  NAME" || lines[1] != "     0  name" || lines[rows+1] != "1234567890  long" || lines[rows] != "      9999  name" {
		t.Errorf("%d lines: %q, %q ... %q", len(lines), lines[0], lines[1], lines[len(lines)-3:])
	}
}

func TestParseForm(t *testing.T) {
	t.Parallel()
	for _, name := range output.Forms() {
		form, err := output.ParseForm(name)
		if err != nil || form.String() != name || form.Machine() != strings.HasPrefix(name, "json") {
			t.Errorf("%s: got %s, machine %v, error %v", name, form, form.Machine(), err)
		}
	}
	if _, err := output.ParseForm("xml"); err == nil {
		t.Error("xml is accepted")
	}
}

// full is a file on a full disk.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	n := min(f.room, len(p))
	f.room -= n
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func TestLostOutputIsAnErrorForEver(t *testing.T) {
	t.Parallel()
	stdout := output.NewStdout(&full{room: 10}, false)
	out := output.New(output.Text, stdout)
	out.Printf("%s", strings.Repeat("x", 100))
	if err := out.Err(); err != nil {
		t.Errorf("before the buffer is full: %v", err)
	}
	if err := stdout.Flush(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("flush: %v", err)
	}
	out.Printf("more")
	if err := out.Err(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("after: %v", err)
	}
	if err := out.Object(1); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("object: %v", err)
	}
	if err := out.List().Add(1); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("list: %v", err)
	}
	if err := stdout.Flush(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("second flush: %v", err)
	}
}

func TestTerminalsGetLinesAtOnce(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	out := output.New(output.Text, output.NewStdout(&buf, true))
	out.Printf("line\nrest")
	if got := buf.String(); got != "line\nrest" {
		t.Errorf("got %q", got)
	}
	out.Printf(" of line")
	if got := buf.String(); got != "line\nrest" {
		t.Errorf("got %q", got)
	}
}

func BenchmarkList(b *testing.B) {
	for _, bench := range []struct {
		name  string
		value any
	}{{"reflected", entry{1, "name"}}, {"appended", fast{}}} {
		b.Run(bench.name, func(b *testing.B) {
			list := output.New(output.JSONL, &bytes.Buffer{}).List()
			b.ReportAllocs()
			for b.Loop() {
				if err := list.Add(bench.value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
