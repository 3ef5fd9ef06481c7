// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/walk/find"
	"scoutfs/walk/tree"
)

// findTests collects the tests of find in the order of the command line. A
// --not is about the next test.
type findTests struct {
	now   func() time.Time
	tests []find.Test
	not   bool
}

// define adds an option for each test.
func (t *findTests) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	for _, o := range t.options() {
		flags.Var(&testFlag{t, o.read, o.name}, o.name, o.usage)
		cli.CommandLineOnly(cmd, o.name)
	}
	negate := flags.VarPF(&notFlag{t}, "not", "!", "the next test must not hold")
	negate.NoOptDefVal = "true"
	cli.CommandLineOnly(cmd, "not")
}

// check refuses a --not at the end.
func (t *findTests) check() error {
	if t.not {
		return cli.Usagef("--not needs a test behind it")
	}
	return nil
}

// testFlag is an option that is a test.
type testFlag struct {
	tests *findTests
	read  func(string) (find.Test, error)
	name  string
}

// Set implements pflag.Value.
func (f *testFlag) Set(text string) error {
	test, err := f.read(text)
	if err != nil {
		return err
	}
	if f.tests.not {
		test = find.Not(test)
	}
	f.tests.not = false
	f.tests.tests = append(f.tests.tests, test)
	return nil
}

// String implements pflag.Value.
func (*testFlag) String() string { return "" }

// Type implements pflag.Value.
func (f *testFlag) Type() string { return "test" }

// notFlag is the option --not.
type notFlag struct{ tests *findTests }

// Set implements pflag.Value.
func (f *notFlag) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if err == nil && on {
		f.tests.not = !f.tests.not
	}
	return err
}

// String implements pflag.Value.
func (*notFlag) String() string { return "false" }

// Type implements pflag.Value.
func (*notFlag) Type() string { return "bool" }

var _ pflag.Value = (*notFlag)(nil)

// testOption is an option that is a test.
type testOption struct {
	name  string
	usage string
	read  func(string) (find.Test, error)
}

// options are the tests of find.
func (t *findTests) options() []testOption {
	glob := func(test func(*find.Glob) find.Test, fold bool) func(string) (find.Test, error) {
		return func(text string) (find.Test, error) { return test(find.NewGlob(text, fold)), nil }
	}
	return []testOption{
		{"name", "the name is like the pattern `GLOB`", glob(find.Name, false)},
		{"iname", "the name is like `GLOB` in upper or lower case", glob(find.Name, true)},
		{"wholename", "the whole path, as it is printed, is like `GLOB`", glob(find.Path, false)},
		{"type", "the type is one of `LETTERS`: f, d, l, p, s, c, b; several with commas", readTypes},
		{"size", "the size in bytes (KMGTP units) is `N`, +N, -N or FROM..TO", spanTest(find.Size, values.ParseSize)},
		{"mtime", "the content changed `AGE` days (or smhdw units) ago: N, +N, -N; or FROM..UNTIL", t.period(find.Mtime)},
		{"atime", "the last access was `AGE` ago", t.period(find.Atime)},
		{"ctime", "attributes changed `AGE` ago", t.period(find.Ctime)},
		{"crtime", "the file was made `AGE` ago", t.period(find.Crtime)},
		{"newer-than", "the content changed at `TIME` or later: a date, RFC 3339, seconds since 1970, or an age such as 36h or 7d", t.newerThan},
		{"older-than", "the content changed before `TIME`", t.olderThan},
		{"uid", "the owner's number is `N`, +N, -N or FROM..TO", spanTest(find.UID, values.ParseUint64)},
		{"user", "the owner is `NAME`, or has this number", readUser},
		{"gid", "the group's number is `N`, +N, -N or FROM..TO", spanTest(find.GID, values.ParseUint64)},
		{"group", "the group is `NAME`, or has this number", readGroup},
		{"project", "the project is `N`, +N, -N or FROM..TO", spanTest(find.Project, values.ParseUint64)},
		{"state", "the file is in one of `STATES`: online, offline, partial; several with commas", readStates},
		{"data-version", "the data version is `N`, +N, -N or FROM..TO", spanTest(find.DataVersion, values.ParseUint64)},
		{"xattr", "there is the xattr `NAME[=VALUE]`, with this value", readXattr},
		{"tag", "there is an xattr with the tag `TAG`: hide, indx, srch, or totl", find.Tag},
		{"meta-seq", "the sequence number of the last change is `N`, +N, -N or FROM..TO", spanTest(find.MetaSeq, values.ParseUint64)},
		{"data-seq", "the sequence number of the last change of data is `N`, +N, -N or FROM..TO", spanTest(find.DataSeq, values.ParseUint64)},
		{"links", "there are `N`, +N, -N or FROM..TO links", spanTest(find.Links, values.ParseUint64)},
		{"inum", "the inode number is `N`, +N, -N or FROM..TO", spanTest(find.Ino, values.ParseUint64)},
	}
}

func spanTest(test func(find.Span) find.Test, number func(string) (uint64, error)) func(string) (find.Test, error) {
	return func(text string) (find.Test, error) {
		lo, hi, err := values.ParseSpan(text, number)
		return test(find.Span{Min: lo, Max: hi}), err
	}
}

func (t *findTests) period(test func(find.Period) find.Test) func(string) (find.Test, error) {
	return func(text string) (find.Test, error) {
		from, until, err := values.ParsePeriod(text, t.now())
		return test(find.Period{From: from, Until: until}), err
	}
}

func (t *findTests) newerThan(text string) (find.Test, error) {
	at, err := values.ParseMoment(text, t.now())
	return find.Mtime(find.Period{From: at}), err
}

func (t *findTests) olderThan(text string) (find.Test, error) {
	at, err := values.ParseMoment(text, t.now())
	return find.Mtime(find.Period{Until: at}), err
}

func readTypes(text string) (find.Test, error) {
	letters := map[string]uint32{
		"f": format.ModeRegular, "d": format.ModeDirectory, "l": format.ModeSymlink, "p": format.ModeFIFO,
		"s": format.ModeSocket, "c": format.ModeCharDevice, "b": format.ModeBlockDevice,
	}
	var types []uint32
	for word := range strings.SplitSeq(text, ",") {
		typ, ok := letters[word]
		if !ok {
			return find.Test{}, fmt.Errorf("unknown type '%s', use one of f, d, l, p, s, c, b", word)
		}
		types = append(types, typ)
	}
	return find.Type(types...), nil
}

func readStates(text string) (find.Test, error) {
	words := map[string]tree.State{"online": tree.StateOnline, "offline": tree.StateOffline, "partial": tree.StatePartial}
	var states []tree.State
	for word := range strings.SplitSeq(text, ",") {
		state, ok := words[word]
		if !ok {
			return find.Test{}, fmt.Errorf("unknown state '%s', use one of online, offline, partial", word)
		}
		states = append(states, state)
	}
	return find.State(states...), nil
}

func readXattr(text string) (find.Test, error) {
	name, value, hasValue := strings.Cut(text, "=")
	if name == "" || len(name) > format.MaxNameLen {
		return find.Test{}, fmt.Errorf("invalid xattr name: '%s'", name)
	}
	if hasValue {
		return find.Xattr(name, &value), nil
	}
	return find.Xattr(name, nil), nil
}

func readUser(text string) (find.Test, error) {
	id, err := ownerID(text, "user", func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	return find.UID(find.Span{Min: id, Max: id}), err
}

func readGroup(text string) (find.Test, error) {
	id, err := ownerID(text, "group", func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	return find.GID(find.Span{Min: id, Max: id}), err
}

// ownerID returns the number of a name, or a number itself.
func ownerID(text, what string, find func(string) (string, error)) (uint64, error) {
	number, err := find(text)
	if err != nil {
		number = text
	}
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("unknown %s: '%s'", what, text)
	}
	return id, nil
}
