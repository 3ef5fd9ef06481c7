// SPDX-License-Identifier: GPL-2.0-or-later

package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/progress"
)

// newDF is like upstream's df, and says what it was given.
func newDF(env *cli.Env) *cobra.Command {
	var path string
	var human, offline bool
	cmd := &cobra.Command{
		Use:     "df",
		Aliases: []string{"disk-free"},
		GroupID: cli.GroupCore,
		Short:   "Show metadata and data block usage",
		RunE: func(_ *cobra.Command, operands []string) error {
			out := env.Output()
			if out.Form().Machine() {
				return out.Object(map[string]any{"path": path, "human": human})
			}
			out.Printf("path %s human %v offline %v operands %q\n", path, human, offline, operands)
			return out.Err()
		},
	}
	cmd.Flags().BoolVarP(&human, "human-readable", "h", false, "print sizes for people")
	cmd.Flags().StringVarP(&path, "path", "p", ".", "`PATH` in the volume")
	cmd.Flags().BoolVar(&offline, "offline", false, "do not ask the mount")
	cli.Reports(cmd, output.JSON)
	cli.Extension(cmd, "offline")
	return cmd
}

// newMkfs is like upstream's mkfs as far as its options go.
func newMkfs(env *cli.Env) *cobra.Command {
	var slots format.QuorumAddrs
	var size uint64
	cmd := &cobra.Command{
		Use:     "mkfs META-DEVICE DATA-DEVICE",
		GroupID: cli.GroupCore,
		Short:   "Make a volume",
		Long:    "Makes a volume.",
		Example: "  scoutfs mkfs -Q 0,127.0.0.1,1 meta data",
		RunE: func(_ *cobra.Command, operands []string) error {
			if slots.Configured() == 0 {
				return cli.Usagef("must specify at least one quorum slot with --quorum-slot|-Q")
			}
			env.Output().Printf("slots %s size %d operands %q\n", values.QuorumSlots(&slots), size, operands)
			return nil
		},
	}
	cmd.Flags().VarP(values.QuorumSlots(&slots), "quorum-slot", "Q", "add the quorum slot `NR,ADDR,PORT`")
	cmd.Flags().BoolP("force", "f", false, "overwrite")
	cmd.Flags().VarP(values.Size(&size), "max-meta-size", "m", "use only `SIZE`")
	cmd.Flags().VarP(values.Size(&size), "max-data-size", "d", "use only `SIZE`")
	cli.CalledAs(cmd, "mkfs.scoutfs")
	return cmd
}

// named returns a command that does nothing.
func named(name string) cli.Constructor {
	return func(*cli.Env) *cobra.Command {
		return &cobra.Command{Use: name, GroupID: cli.GroupCore, RunE: func(*cobra.Command, []string) error { return nil }}
	}
}

// failing returns a command called fail that returns err.
func failing(err error) cli.Constructor {
	return func(*cli.Env) *cobra.Command {
		cmd := &cobra.Command{Use: "fail", GroupID: cli.GroupDebug, Short: "Fail", RunE: func(*cobra.Command, []string) error { return err }}
		cli.Reports(cmd, output.JSON)
		return cmd
	}
}

// newFsck has the exit statuses of fsck(8).
func newFsck(*cli.Env) *cobra.Command {
	cmd := &cobra.Command{Use: "fsck", GroupID: cli.GroupCore, Hidden: true, RunE: func(*cobra.Command, []string) error { return cli.Usagef("no device") }}
	cli.UsageStatus(cmd, 16)
	return cmd
}

func sample() []cli.Constructor {
	return []cli.Constructor{newDF, newMkfs, newFsck, failing(syscall.ESTALE)}
}

func try(command string) string {
	return fmt.Sprintf("Try `%[1]s --help' or `%[1]s --usage' for more information.\n", command)
}

// The texts on the standard error are those of upstream's tools for the same
// words, where they have such an option.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	const nothing = "path . human false offline false operands []\n"
	tests := []struct {
		words  string
		status int
		stdout string
		stderr string
	}{
		{"df", 0, nothing, ""},
		{"df -h", 0, "path . human true offline false operands []\n", ""},
		{"df -hp /mnt", 0, "path /mnt human true offline false operands []\n", ""},
		{"df -p=/mnt", 0, "path =/mnt human false offline false operands []\n", ""},
		{"df a --path=/mnt b -- -h", 0, "path /mnt human false offline false operands [\"a\" \"b\" \"-h\"]\n", ""},
		{"df --pa /mnt --hu", 0, "path /mnt human true offline false operands []\n", ""},
		{"df --human-readable=false", 0, nothing, ""},
		{"df --off", 0, "path . human false offline true operands []\n", ""},
		{"df --out json", 0, "{\n  \"human\": false,\n  \"path\": \".\"\n}\n", ""},
		{"df -- --output json", 0, "path . human false offline false operands [\"--output\" \"json\"]\n", ""},
		{"df -- df", 0, "path . human false offline false operands [\"df\"]\n", ""},
		{"df --h", 64, "", "df: option '--h' is ambiguous; possibilities: '--human-readable' '--help'\n" + try("df")},
		{"df --p", 64, "", "df: option '--p' is ambiguous; possibilities: '--path' '--program-name'\n" + try("df")},
		{"df --V", 64, "", "df: unrecognized option '--V'\n" + try("df")},
		{"df -x", 64, "", "df: invalid option -- 'x'\n" + try("df")},
		{"df -p", 64, "", "df: option requires an argument -- 'p'\n" + try("df")},
		{"df --path", 64, "", "df: option '--path' requires an argument\n" + try("df")},
		{"df --human=3", 64, "", "df: option '--human-readable' doesn't allow an argument\n" + try("df")},
		{"df --output table", 64, "", "df: --output cannot be 'table' here, use one of text, json\n" + try("df")},
		{"df --output xml", 64, "", "unknown word 'xml', use one of text, table, json, jsonl\ndf: invalid value 'xml' for option '--output'\n" + try("df")},

		{"mkfs a b", 64, "", "mkfs: must specify at least one quorum slot with --quorum-slot|-Q\n" + try("mkfs")},
		{"mkfs -fQ 0,1.2.3.4,5 --quor=1,1.2.3.4,6 -m 1M a b", 0, "slots 0,1.2.3.4,5 1,1.2.3.4,6 size 1048576 operands [\"a\" \"b\"]\n", ""},
		{"mkfs --m=10k", 64, "", "mkfs: option '--m=10k' is ambiguous; possibilities: '--max-meta-size' '--max-data-size'\n" + try("mkfs")},
		{"mkfs -m 10k", 64, "", "unknown suffix: 'k'\nmkfs: invalid value '10k' for option '--max-meta-size'\n" + try("mkfs")},
		{"mkfs -m 10k -Q", 64, "", "unknown suffix: 'k'\nmkfs: invalid value '10k' for option '--max-meta-size'\n" + try("mkfs")},
		{"mkfs -m 10k --help", 64, "", "unknown suffix: 'k'\nmkfs: invalid value '10k' for option '--max-meta-size'\n" + try("mkfs")},
		{"mkfs -Q 15,1.2.3.4,5", 64, "", "invalid nr '15' in quorum slot '15,1.2.3.4,5', must be between 0 and 14\n" +
			"mkfs: invalid value '15,1.2.3.4,5' for option '--quorum-slot'\n" + try("mkfs")},
		{"mkfs -Q 0,1.1.1.1,1 -Q 0,1.1.1.1,2", 64, "", "mkfs: Quorum slot 0 already specified before slot '0,1.1.1.1,2'\n\n" + try("mkfs")},

		{"fsck --bogus", 16, "", "fsck: unrecognized option '--bogus'\n" + try("fsck")},
		{"fsck", 16, "", "fsck: no device\n" + try("fsck")},
		{"fail", 1, "", "scoutfs: fail failed: Stale file handle (116)\n"},
	}
	for _, test := range tests {
		t.Run(test.words, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t.Context(), sample(), strings.Fields(test.words)...)
			if diff := cmp.Diff(clitest.Result{Stdout: test.stdout, Stderr: test.stderr, Status: test.status}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The breaks are those of upstream's tools.
func TestPointerToHelpIsWrapped(t *testing.T) {
	t.Parallel()
	tests := []struct{ command, want string }{
		{"get-attr-x", "Try `get-attr-x --help' or `get-attr-x --usage' for more information.\n"},
		{"quota-restore", "Try `quota-restore --help' or `quota-restore --usage' for more information.\n"},
		{"resize-devices", "Try `resize-devices --help' or `resize-devices --usage' for more information.\n"},
		{"read-xattr-index", "Try `read-xattr-index --help' or `read-xattr-index --usage' for more\ninformation.\n"},
		{"change-format-version", "Try `change-format-version --help' or `change-format-version --usage' for more\ninformation.\n"},
		{"prepare-empty-data-device", "Try `prepare-empty-data-device --help' or `prepare-empty-data-device --usage'\nfor more information.\n"},
		{"list-hidden-xattrs-again-more", "Try `list-hidden-xattrs-again-more --help' or `list-hidden-xattrs-again-more\n--usage' for more information.\n"},
	}
	for _, test := range tests {
		t.Run(test.command, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t.Context(), []cli.Constructor{named(test.command)}, test.command, "-!")
			if want := test.command + ": invalid option -- '!'\n" + test.want; got.Stderr != want {
				t.Errorf("got  %q\nwant %q", got.Stderr, want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	corrupt := &format.CorruptError{Structure: "btree block", Place: "meta blkno 12", Field: "crc", Found: "1", Expected: "2"}
	_, missing := os.Open("/nonexistent")
	tests := []struct {
		name   string
		err    error
		status int
		text   string
		json   string
	}{
		{
			"number only", syscall.EBUSY, 1,
			"scoutfs: fail failed: Device or resource busy (16)\n",
			`{"type":"error","command":"fail","message":"Device or resource busy","errno":16,"errno_name":"EBUSY","exit_status":1}`,
		},
		{
			"of the system", missing, 1,
			"open /nonexistent: no such file or directory\nscoutfs: fail failed: No such file or directory (2)\n",
			`{"type":"error","command":"fail","message":"open /nonexistent: no such file or directory","errno":2,"errno_name":"ENOENT","exit_status":1}`,
		},
		{
			"with upstream's message", cli.Failf(missing, "failed to open meta dev '%s': %s", "/nonexistent", errno.Text(missing)), 1,
			"failed to open meta dev '/nonexistent': No such file or directory (2)\nscoutfs: fail failed: No such file or directory (2)\n",
			`{"type":"error","command":"fail","message":"failed to open meta dev '/nonexistent': No such file or directory (2)","errno":2,"errno_name":"ENOENT","exit_status":1}`,
		},
		{
			"without a number", errors.New("something"), 1,
			"something\nscoutfs: fail failed: Input/output error (5)\n",
			`{"type":"error","command":"fail","message":"something","errno":5,"errno_name":"EIO","exit_status":1}`,
		},
		{
			"several", errors.Join(errors.New("one"), syscall.EINVAL), 1,
			"one\ninvalid argument\nscoutfs: fail failed: Invalid argument (22)\n",
			`{"type":"error","command":"fail","message":"one\ninvalid argument","errno":22,"errno_name":"EINVAL","exit_status":1}`,
		},
		{
			"corruption", fmt.Errorf("print: %w", corrupt), 1,
			"print: corrupt btree block at meta blkno 12: crc is 1, expected 2\nscoutfs: fail failed: Input/output error (5)\n",
			`{"type":"error","command":"fail","message":"print: corrupt btree block at meta blkno 12: crc is 1, expected 2","errno":5,"errno_name":"EIO","exit_status":1,` +
				`"structure":"btree block","place":"meta blkno 12","field":"crc","found":"1","expected":"2"}`,
		},
		{
			"usage", cli.Usagef("no filename given"), 64,
			"fail: no filename given\n" + try("fail"),
			`{"type":"error","command":"fail","message":"no filename given","errno":22,"errno_name":"EINVAL","exit_status":64}`,
		},
		{
			"status", cli.WithStatus(4, syscall.EUCLEAN), 4,
			"scoutfs: fail failed: Structure needs cleaning (117)\n",
			`{"type":"error","command":"fail","message":"Structure needs cleaning","errno":117,"errno_name":"EUCLEAN","exit_status":4}`,
		},
		{"status without a word", cli.WithStatus(1, nil), 1, "", ""},
		{"nothing", nil, 0, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t.Context(), []cli.Constructor{failing(test.err)}, "fail")
			if diff := cmp.Diff(clitest.Result{Stderr: test.text, Status: test.status}, got); diff != "" {
				t.Error(diff)
			}
			if test.json != "" {
				test.json += "\n"
			}
			got = clitest.Run(t.Context(), []cli.Constructor{failing(test.err)}, "fail", "--output", "json")
			if diff := cmp.Diff(clitest.Result{Stderr: test.json, Status: test.status}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorsBeforeOptionsAreReadObeyOutputToo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"option behind the fault", nil, []string{"df", "--bogus", "--output", "json"}, "unrecognized option '--bogus'"},
		{"attached", nil, []string{"df", "-x", "--output=jsonl"}, "invalid option -- 'x'"},
		{"variable", map[string]string{"SCOUTFS_OUTPUT": "json"}, []string{"df", "-x"}, "invalid option -- 'x'"},
		{"unknown command", nil, []string{"foo", "--output", "json"}, "unrecognized command: 'foo'"},
		{"form of another command", nil, []string{"mkfs", "--output", "json"}, "--output cannot be 'json' here, use one of text"},
		{"value", nil, []string{"mkfs", "-m", "1k", "--output", "json"}, "invalid value '1k' for option '--max-meta-size': unknown suffix: 'k'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Process{Commands: sample(), Env: test.env}.Run(t.Context(), test.args...)
			want := fmt.Sprintf(`{"type":"error","command":%q,"message":%q,`, test.args[0], test.want)
			if !strings.HasPrefix(got.Stderr, want) || strings.Count(got.Stderr, "\n") != 1 {
				t.Errorf("got %s, want %s...", got.Stderr, want)
			}
		})
	}
}

func TestOutputForAllCommandsMeansThoseThatHaveIt(t *testing.T) {
	t.Parallel()
	p := clitest.Process{Commands: sample(), Env: map[string]string{"SCOUTFS_OUTPUT": "json", "SCOUTFS_MKFS_QUORUM_SLOT": "0,1.2.3.4,5"}}
	if got := p.Run(t.Context(), "mkfs"); got.Status != 0 || got.Stdout != "slots 0,1.2.3.4,5 size 0 operands []\n" {
		t.Errorf("mkfs: %+v", got)
	}
	if got := p.Run(t.Context(), "df"); got.Status != 0 || !strings.HasPrefix(got.Stdout, "{") {
		t.Errorf("df: %+v", got)
	}
	p.Env["SCOUTFS_MKFS_OUTPUT"] = "json"
	if got := p.Run(t.Context(), "mkfs"); got.Status != 64 {
		t.Errorf("mkfs that was asked for json: %+v", got)
	}
}

func TestConfigurationReachesCommands(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "scoutfs.yaml")
	if err := os.WriteFile(file, []byte("df:\n  human-readable: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := clitest.Process{Commands: sample(), Config: file, Env: map[string]string{"SCOUTFS_MOUNT_PATH": "/mnt"}}
	if got := p.Run(t.Context(), "df"); got.Stdout != "path /mnt human true offline false operands []\n" {
		t.Errorf("%+v", got)
	}
	if got := p.Run(t.Context(), "df", "-p", "/other"); got.Stdout != "path /other human true offline false operands []\n" {
		t.Errorf("%+v", got)
	}
	if err := os.WriteFile(file, []byte("df:\n  human: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := p.Run(t.Context(), "df")
	if want := file + ": unknown key 'df.human'\nscoutfs: df failed: Invalid argument (22)\n"; got.Stderr != want || got.Status != 1 {
		t.Errorf("%+v", got)
	}
	if got := p.Run(t.Context(), "df", "--help"); got.Status != 0 {
		t.Errorf("help with a broken configuration: %+v", got)
	}
}

func TestWithoutACommand(t *testing.T) {
	t.Parallel()
	const usage = `usage: scoutfs <command> [<args>]

Commands on a mounted volume use the one at the working directory by default.
scoutfs <command> --help tells more about a command.

Supported format version: 1-2

Core admin:
    df
       Show metadata and data block usage
  mkfs META-DEVICE DATA-DEVICE
       Make a volume

Debugging commands:
  fail
       Fail
`
	tests := []struct {
		words string
		want  clitest.Result
	}{
		{"", clitest.Result{Stderr: usage, Status: 1}},
		{"nothing-like-it", clitest.Result{Stderr: "scoutfs: unrecognized command: 'nothing-like-it'\n" + usage, Status: 1}},
		{"mkffs", clitest.Result{Stderr: "scoutfs: unrecognized command: 'mkffs'\n" + usage + "\nDid you mean 'mkfs'?\n", Status: 1}},
		{"--output=text", clitest.Result{Stderr: "scoutfs: unrecognized command: '--output=text'\n" + usage, Status: 1}},
	}
	for _, test := range tests {
		t.Run(test.words, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, clitest.Run(t.Context(), sample(), strings.Fields(test.words)...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAliasIsTheCommand(t *testing.T) {
	t.Parallel()
	got := clitest.Run(t.Context(), sample(), "disk-free", "-h", "--path", "x")
	if got.Status != 0 || got.Stdout != "path x human true offline false operands []\n" {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
	got = clitest.Run(t.Context(), sample(), "disk-free", "--nonsense")
	if got.Status != 64 || !strings.HasPrefix(got.Stderr, "df: unrecognized option '--nonsense'\n") {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
}

func TestCalledByAnotherName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		words string
		want  clitest.Result
	}{
		{"/sbin/mkfs.scoutfs", "-Q 0,1.2.3.4,5 a b", clitest.Result{Stdout: "slots 0,1.2.3.4,5 size 0 operands [\"a\" \"b\"]\n"}},
		{"mkfs.scoutfs", "a b", clitest.Result{Status: 64, Stderr: "mkfs.scoutfs: must specify at least one quorum slot with --quorum-slot|-Q\n" + try("mkfs.scoutfs")}},
		{"mkfs.scoutfs", "--usage", clitest.Result{Stdout: `Usage: mkfs.scoutfs [-f?] [-Q NR,ADDR,PORT] [-m SIZE] [-d SIZE]
            [--quorum-slot=NR,ADDR,PORT] [--force] [--max-meta-size=SIZE]
            [--max-data-size=SIZE] [--output=FORM] [--progress=MODE]
            [--config=FILE] [--log-level=LEVEL] [--help] [--usage] META-DEVICE
            DATA-DEVICE
`}},
		{"fsck.scoutfs", "df", clitest.Result{Stdout: "path . human false offline false operands []\n"}},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.words, func(t *testing.T) {
			t.Parallel()
			got := clitest.Process{Commands: sample(), Name: test.name}.Run(t.Context(), strings.Fields(test.words)...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	const want = `Usage: mkfs [OPTION...] META-DEVICE DATA-DEVICE
Make a volume

Makes a volume.

Options:
  -Q, --quorum-slot=NR,ADDR,PORT   add the quorum slot NR,ADDR,PORT
  -f, --force                overwrite
  -m, --max-meta-size=SIZE   use only SIZE
  -d, --max-data-size=SIZE   use only SIZE

Options of every command:
`
	for _, words := range [][]string{{"mkfs", "--help"}, {"mkfs", "-?"}, {"mkfs", "-h"}, {"mkfs", "--hel", "--bogus"}, {"mkfs", "a", "-f?"}} {
		got := clitest.Run(t.Context(), sample(), words...)
		if !strings.HasPrefix(got.Stdout, want) || got.Stderr != "" || got.Status != 0 {
			t.Errorf("%q: %+v", words, got)
		}
		if !strings.HasSuffix(got.Stdout, "\nExamples:\n  scoutfs mkfs -Q 0,127.0.0.1,1 meta data\n") {
			t.Errorf("%q: no example: %s", words, got.Stdout)
		}
		for line := range strings.Lines(got.Stdout) {
			if len(line) > 80 {
				t.Errorf("long line: %s", line)
			}
		}
	}
}

// brokenPipe is a pipe that nobody reads any more.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

// fullDisk is a file that does not take another byte.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}
}

func TestLostOutputIsNotSuccess(t *testing.T) {
	t.Parallel()
	long := func(env *cli.Env) *cobra.Command {
		return &cobra.Command{Use: "long", GroupID: cli.GroupDebug, RunE: func(*cobra.Command, []string) error {
			out := env.Output()
			for range 100000 {
				if _, err := fmt.Fprintln(out, "line"); err != nil {
					return fmt.Errorf("write a line: %w", err)
				}
			}
			return nil
		}}
	}
	broken := func(env *cli.Env) *cobra.Command {
		return &cobra.Command{Use: "broken", GroupID: cli.GroupDebug, RunE: func(*cobra.Command, []string) error {
			env.Output().Printf("lost\n")
			return syscall.ESTALE
		}}
	}
	const full = "failed to write the standard output: No space left on device (28)\n"
	tests := []struct {
		name    string
		command string
		stdout  io.Writer
		status  int
		stderr  string
	}{
		{"closed at the end", "df", brokenPipe{}, 141, ""},
		{"closed meanwhile", "long", brokenPipe{}, 141, ""},
		{"closed and failed", "broken", brokenPipe{}, 1, "scoutfs: broken failed: Stale file handle (116)\n"},
		{"full at the end", "df", fullDisk{}, 1, full + "scoutfs: df failed: No space left on device (28)\n"},
		{"full meanwhile", "long", fullDisk{}, 1, full + "scoutfs: long failed: No space left on device (28)\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := clitest.Process{Commands: []cli.Constructor{newDF, long, broken}, Stdout: test.stdout}.Run(t.Context(), test.command)
			if got.Status != test.status || got.Stderr != test.stderr {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestInterruptedCommand(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	waiting := func(*cli.Env) *cobra.Command {
		return &cobra.Command{Use: "wait", GroupID: cli.GroupDebug, RunE: func(cmd *cobra.Command, _ []string) error {
			cancel(&cli.Interrupted{Signal: syscall.SIGTERM})
			<-cmd.Context().Done()
			return fmt.Errorf("walk: %w", cmd.Context().Err())
		}}
	}
	got := clitest.Run(ctx, []cli.Constructor{waiting}, "wait")
	want := clitest.Result{Status: 143, Stderr: "stopped by signal: terminated\nscoutfs: wait failed: Interrupted system call (4)\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsAndLog(t *testing.T) {
	t.Parallel()
	warning := func(env *cli.Env) *cobra.Command {
		cmd := &cobra.Command{Use: "warn", GroupID: cli.GroupDebug, RunE: func(_ *cobra.Command, operands []string) error {
			env.Warnf("%d left", 3)
			env.IgnoreOperands(operands)
			env.Log().Info("detail", "blkno", 5)
			return nil
		}}
		cli.Reports(cmd, output.JSONL)
		return cmd
	}
	tests := []struct{ words, want string }{
		{"warn", "3 left\n"},
		{"warn extra", "3 left\nignoring operand 'extra'\n"},
		{"warn --output jsonl", `{"type":"warning","message":"3 left"}` + "\n"},
	}
	for _, test := range tests {
		if got := clitest.Run(t.Context(), []cli.Constructor{warning}, strings.Fields(test.words)...); got.Stderr != test.want || got.Status != 0 {
			t.Errorf("%s: got %+v", test.words, got)
		}
	}
	if got := clitest.Run(t.Context(), []cli.Constructor{warning}, "warn", "--log-level", "info"); !strings.Contains(got.Stderr, "level=INFO msg=detail blkno=5\n") {
		t.Errorf("log: %+v", got)
	}
	if got := clitest.Run(t.Context(), []cli.Constructor{warning}, "warn", "--log-level=info", "--output=jsonl"); !strings.Contains(got.Stderr, `"msg":"detail","blkno":5}`) {
		t.Errorf("log: %+v", got)
	}
}

func TestProgressForMachines(t *testing.T) {
	t.Parallel()
	working := func(env *cli.Env) *cobra.Command {
		return &cobra.Command{Use: "work", GroupID: cli.GroupDebug, RunE: func(*cobra.Command, []string) error {
			sink := env.Progress()
			sink.Phase("count", progress.Items, 3)
			sink.Add(3)
			return syscall.EIO
		}}
	}
	const want = `{"type":"progress","phase":"count","unit":"items","done":0,"total":3,"seconds":0,"rate":0,"ended":false}
{"type":"progress","phase":"count","unit":"items","done":3,"total":3,"seconds":0,"rate":0,"ended":true}
scoutfs: work failed: Input/output error (5)
`
	if got := clitest.Run(t.Context(), []cli.Constructor{working}, "work", "--progress", "json"); got.Stderr != want {
		t.Error(cmp.Diff(want, got.Stderr))
	}
	for _, mode := range []string{"auto", "none"} {
		if got := clitest.Run(t.Context(), []cli.Constructor{working}, "work", "--progress", mode); got.Stderr != "scoutfs: work failed: Input/output error (5)\n" {
			t.Errorf("%s: %+v", mode, got)
		}
	}
}
