// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"strings"
	"testing"

	"scoutfs/engine/format"
)

// firstPart builds the first part of an xattr as docs/format.md 3.4 says.
func firstPart(name string, value []byte) []byte {
	b := []byte{byte(len(value)), byte(len(value) >> 8), byte(len(name)), 0, 0, 0, 0, 0}
	b = append(append(b, name...), value...)
	return b[:min(len(b), 896)]
}

func TestViewXattr(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 255)
	for _, test := range []struct {
		name, value string
		parts       int
		first, last int // lengths of the first and last part
		inFirst     int // bytes of the value in the first part
	}{
		{"user.a", "", 1, 14, 14, 0},
		{"user.a", "value", 1, 19, 19, 5},
		{"user.a", strings.Repeat("v", 882), 1, 896, 896, 882},
		{"user.a", strings.Repeat("v", 883), 2, 896, 1, 882},
		{"user.a", strings.Repeat("v", 882+896), 2, 896, 896, 882},
		{long, "", 1, 263, 263, 0},
		{long, strings.Repeat("v", 65535), 74, 896, 390, 633},
	} {
		val := firstPart(test.name, []byte(test.value))
		x, name, value, err := format.ViewXattr(val)
		if err != nil {
			t.Errorf("%d bytes of name, %d of value: %v", len(test.name), len(test.value), err)
			continue
		}
		if string(name) != test.name || string(value) != test.value[:test.inFirst] || int(x.ValLen.Get()) != len(test.value) {
			t.Errorf("name %q and value %q became %q and %q", test.name, test.value, name, value)
		}
		parts := format.XattrParts(len(test.name), len(test.value))
		if parts != test.parts {
			t.Errorf("%d bytes of name, %d of value: %d parts, want %d", len(test.name), len(test.value), parts, test.parts)
		}
		total := 0
		for part := range parts {
			total += format.XattrPartSize(len(test.name), len(test.value), part)
		}
		if total != 8+len(test.name)+len(test.value) {
			t.Errorf("%d bytes of name, %d of value: parts add up to %d", len(test.name), len(test.value), total)
		}
		first := format.XattrPartSize(len(test.name), len(test.value), 0)
		last := format.XattrPartSize(len(test.name), len(test.value), parts-1)
		if first != test.first || last != test.last {
			t.Errorf("%d bytes of name, %d of value: parts of %d to %d, want %d to %d",
				len(test.name), len(test.value), first, last, test.first, test.last)
		}
		for _, part := range []int{-1, parts} {
			if got := format.XattrPartSize(len(test.name), len(test.value), part); got != 0 {
				t.Errorf("part %d has %d bytes", part, got)
			}
		}
	}
	if format.XattrParts(format.MaxNameLen, format.MaxXattrValueLen) != format.MaxXattrParts {
		t.Error("MaxXattrParts is wrong")
	}
}

func TestViewXattrRefusesWrongLengths(t *testing.T) {
	t.Parallel()
	whole := firstPart("user.a", []byte("value"))
	change := func(at int, to byte) []byte {
		b := bytes.Clone(whole)
		b[at] = to
		return b
	}
	for _, test := range []struct {
		name string
		val  []byte
		want string
	}{
		{"empty", nil, "corrupt xattr head: length is 0 bytes, expected 8 bytes"},
		{"half a head", whole[:7], "corrupt xattr head: length is 7 bytes, expected 8 bytes"},
		{"no name", change(2, 0), "corrupt xattr: name length is 0, expected 1 to 11, inside the first part"},
		{"name past the end", change(2, 12), "corrupt xattr: name length is 12, expected 1 to 11, inside the first part"},
		{"longest name past the end", change(2, 255), "corrupt xattr: name length is 255, expected 1 to 11, inside the first part"},
		{"value missing", whole[:18], "corrupt xattr: first part's length is 18, expected 19"},
		{"more than the value", append(bytes.Clone(whole), 0), "corrupt xattr: first part's length is 20, expected 19"},
		{"value of more parts", change(1, 4), "corrupt xattr: first part's length is 19, expected 896"},
	} {
		x, name, value, err := format.ViewXattr(test.val)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
		if x != nil || name != nil || value != nil {
			t.Errorf("%s: something was returned with the error", test.name)
		}
	}
}

func TestXattrTotalsAddAsSignedNumbers(t *testing.T) {
	t.Parallel()
	total := func(sum, count int64) *format.XattrTotal {
		var v format.XattrTotal
		v.Total.Set(uint64(sum))
		v.Count.Set(uint64(count))
		return &v
	}
	v := total(10, 2)
	v.Add(total(-15, -1))
	if *v != *total(-5, 1) || v.IsZero() {
		t.Errorf("total %d, count %d", int64(v.Total.Get()), int64(v.Count.Get()))
	}
	v.Add(total(5, -1))
	if !v.IsZero() {
		t.Errorf("total %d, count %d is not zero", int64(v.Total.Get()), int64(v.Count.Get()))
	}
	if total(0, 1).IsZero() || total(1, 0).IsZero() {
		t.Error("half a total is zero")
	}
}

func TestParseXattrTags(t *testing.T) {
	t.Parallel()
	type tags = format.XattrTags
	for _, test := range []struct {
		name string
		tags tags
		ok   bool
	}{
		{"", tags{}, true},
		{"user.hide.name", tags{}, true},
		{"user.scoutfs.hide.name", tags{}, true},
		{"Scoutfs.hide.name", tags{}, true},
		{"scoutfs.x", tags{}, true},       // under 14 bytes
		{"scoutfs.hide.", tags{}, true},   // 13 bytes
		{"scoutfs.other", tags{}, true},   // 13 bytes
		{"scoutfs.others", tags{}, false}, // 14 bytes
		{"scoutfs.hideXX", tags{}, false}, // 14 bytes
		{"scoutfs.name.hide.", tags{}, false},
		{"scoutfs.Hide.name", tags{}, false},
		{"scoutfs.hide.x", tags{Hide: true}, true},
		{"scoutfs.indx.x", tags{Indx: true}, true},
		{"scoutfs.srch.x", tags{Srch: true}, true},
		{"scoutfs.totl.x", tags{Totl: true}, true},
		{"scoutfs.hide.srch.x", tags{Hide: true, Srch: true}, true},
		{"scoutfs.srch.hide.x", tags{Hide: true, Srch: true}, true},
		{"scoutfs.hide.srch.totl.1.2.3", tags{Hide: true, Srch: true, Totl: true}, true},
		{"scoutfs.indx.srch.hide.1.2", tags{Hide: true, Srch: true, Indx: true}, true},
		{"scoutfs.hide.srch.", tags{Hide: true, Srch: true}, true},
		{"scoutfs.hide.name.srch.x", tags{Hide: true}, true},
		{"scoutfs.hide.srch", tags{Hide: true}, true}, // the second is no tag without its dot
		{"scoutfs.hide.hide.x", tags{}, false},
		{"scoutfs.srch.hide.srch.", tags{}, false},
		{"scoutfs.totl.indx.x", tags{}, false},
		{"scoutfs.indx.hide.totl.x", tags{}, false},
	} {
		for what, parse := range map[string]func() (tags, bool){
			"string": func() (tags, bool) { return format.ParseXattrTags(test.name) },
			"bytes":  func() (tags, bool) { return format.ParseXattrTags([]byte(test.name)) },
		} {
			got, ok := parse()
			if got != test.tags || ok != test.ok {
				t.Errorf("tags of %s %q are %+v, %t, want %+v, %t", what, test.name, got, ok, test.tags, test.ok)
			}
			if got.Any() != (got != tags{}) {
				t.Errorf("Any of %+v is %t", got, got.Any())
			}
		}
	}
}
