// SPDX-License-Identifier: GPL-2.0-or-later

package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/config"
)

// newTree returns a program with two commands, one of which has a command
// below it.
func newTree() *cobra.Command {
	root := &cobra.Command{Use: "scoutfs"}
	flags := root.PersistentFlags()
	flags.String("output", "text", "")
	flags.String("config", "", "")
	flags.Bool("help", false, "")

	mkfs := &cobra.Command{Use: "mkfs"}
	mkfs.Flags().String("max-meta-size", "0", "")
	mkfs.Flags().StringArray("quorum-slot", nil, "")
	mkfs.Flags().Bool("force", false, "")
	mkfs.Flags().Bool("allow-small-size", false, "")
	mkfs.Flags().Bool("offline", false, "")
	if err := mkfs.Flags().SetAnnotation("offline", config.CommandLineOnly, []string{"true"}); err != nil {
		panic(err)
	}
	df := &cobra.Command{Use: "df"}
	df.Flags().String("path", ".", "")
	df.Flags().Bool("human-readable", false, "")
	df.Flags().Int("count", 3, "")
	inner := &cobra.Command{Use: "inner"}
	inner.Flags().Int("meta_seq", 0, "")
	df.AddCommand(inner)
	root.AddCommand(mkfs, df)
	return root
}

type surroundings struct {
	file string // contents
	env  map[string]string
	args []string
}

// load applies surroundings to a command and returns its options.
func load(t *testing.T, command string, s surroundings) (values string, origins map[string]config.Origin, err error) {
	t.Helper()
	root := newTree()
	cmd, _, err := root.Find(strings.Fields(command))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(s.args); err != nil {
		t.Fatal(err)
	}
	source := config.Source{Root: root, LookupEnv: func(name string) (string, bool) {
		value, found := s.env[name]
		return value, found
	}}
	if s.file != "" {
		source.Default = filepath.Join(t.TempDir(), "scoutfs.yaml")
		if err := os.WriteFile(source.Default, []byte(s.file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(source)
	if err != nil {
		return "", nil, err
	}
	origins, err = c.Apply(cmd)
	var set []string
	for _, name := range []string{"output", "path", "human-readable", "count", "max-meta-size", "quorum-slot", "meta_seq"} {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
			set = append(set, fmt.Sprintf("%s=%s", name, flag.Value))
		}
	}
	return strings.Join(set, " "), origins, err
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	const file = "output: from-file\ndf:\n  output: from-section\n  path: /file\n  count: 7\n"
	tests := []struct {
		name    string
		command string
		s       surroundings
		want    string
	}{
		{"nothing", "df", surroundings{}, ""},
		{"file for every command", "mkfs", surroundings{file: file}, "output=from-file"},
		{"section of the command", "df", surroundings{file: file}, "output=from-section path=/file count=7"},
		{"environment over file", "df", surroundings{file: file, env: map[string]string{"SCOUTFS_OUTPUT": "env"}}, "output=env path=/file count=7"},
		{"environment of the command", "df", surroundings{file: file, env: map[string]string{"SCOUTFS_OUTPUT": "env", "SCOUTFS_DF_OUTPUT": "own"}}, "output=own path=/file count=7"},
		{"environment of another command", "df", surroundings{env: map[string]string{"SCOUTFS_MKFS_OUTPUT": "other"}}, ""},
		{"command line", "df", surroundings{file: file, env: map[string]string{"SCOUTFS_DF_COUNT": "8"}, args: []string{"--count=9", "--output=cmd"}}, "output=cmd path=/file count=9"},
		{"option of one command in general", "df", surroundings{env: map[string]string{"SCOUTFS_COUNT": "8"}}, ""},
		{"empty variable", "df", surroundings{env: map[string]string{"SCOUTFS_DF_COUNT": "", "SCOUTFS_MOUNT_PATH": ""}}, ""},
		{"mount path", "df", surroundings{file: file, env: map[string]string{"SCOUTFS_MOUNT_PATH": "/mnt"}}, "output=from-section path=/mnt count=7"},
		{"path over mount path", "df", surroundings{env: map[string]string{"SCOUTFS_MOUNT_PATH": "/mnt", "SCOUTFS_DF_PATH": "/own"}}, "path=/own"},
		{"mount path of a command without one", "mkfs", surroundings{env: map[string]string{"SCOUTFS_MOUNT_PATH": "/mnt"}}, ""},
		{"dashes become underscores", "mkfs", surroundings{env: map[string]string{"SCOUTFS_MKFS_MAX_META_SIZE": "1G"}}, "max-meta-size=1G"},
		{"command below a command", "df inner", surroundings{env: map[string]string{"SCOUTFS_DF_INNER_META_SEQ": "5"}}, "meta_seq=5"},
		{"section below a section", "df inner", surroundings{file: "df:\n  inner:\n    meta_seq: 6\n"}, "meta_seq=6"},
		{"key with a dot", "df", surroundings{file: "df.count: 5\n"}, "count=5"},
		{"list in the file", "mkfs", surroundings{file: "mkfs:\n  quorum-slot:\n    - 0,1.2.3.4,5\n    - 1,1.2.3.4,6\n"}, `quorum-slot=["0,1.2.3.4,5","1,1.2.3.4,6"]`},
		{"one value for a list", "mkfs", surroundings{file: "mkfs:\n  quorum-slot: 0,1.2.3.4,5\n"}, `quorum-slot=["0,1.2.3.4,5"]`},
		{"list in the environment", "mkfs", surroundings{env: map[string]string{"SCOUTFS_MKFS_QUORUM_SLOT": " 0,1.2.3.4,5  1,1.2.3.4,6 "}}, `quorum-slot=["0,1.2.3.4,5","1,1.2.3.4,6"]`},
		{"nearer lists replace others", "mkfs", surroundings{file: "mkfs:\n  quorum-slot: a\n", args: []string{"--quorum-slot=b"}}, "quorum-slot=[b]"},
		{"switch in the file", "df", surroundings{file: "df:\n  human-readable: true\n"}, "human-readable=true"},
		{"switch switched off", "df", surroundings{file: "df:\n  human-readable: true\n", args: []string{"--human-readable=false"}}, "human-readable=false"},
		{"numbers of YAML", "df", surroundings{file: "df:\n  count: 0x10\n  path: 12\n"}, "path=12 count=16"},
		{"key without a value", "df", surroundings{file: "df:\n  count:\n"}, ""},
		{"empty file", "df", surroundings{file: "# nothing\n"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, _, err := load(t, test.command, test.s)
			if err != nil || got != test.want {
				t.Errorf("got %s and error %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestWrongValuesAreNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		s    surroundings
		want string // FILE stands for the file
	}{
		{"unknown key", surroundings{file: "outpt: x\n"}, "FILE: unknown key 'outpt'"},
		{"unknown key of a command", surroundings{file: "mkfs:\n  max-size: 1\n"}, "FILE: unknown key 'mkfs.max-size'"},
		{"unknown section", surroundings{file: "mkfss:\n  max-meta-size: 1\n"}, "FILE: unknown key 'mkfss.max-meta-size'"},
		{"section that is a value", surroundings{file: "mkfs: 1\n"}, "FILE: unknown key 'mkfs'"},
		{"value that is a section", surroundings{file: "output:\n  a: b\n"}, "FILE: unknown key 'output.a'"},
		{"option of one command in general", surroundings{file: "count: 1\n"}, "FILE: unknown key 'count'"},
		{"another file", surroundings{file: "config: x\n"}, "FILE: unknown key 'config'"},
		{"help", surroundings{file: "help: true\n"}, "FILE: unknown key 'help'"},
		{"force", surroundings{file: "mkfs:\n  force: true\n"}, "FILE: 'mkfs.force' can only be given on the command line"},
		{"allow", surroundings{file: "mkfs:\n  allow-small-size: true\n"}, "FILE: 'mkfs.allow-small-size' can only be given on the command line"},
		{"declared as dangerous", surroundings{file: "mkfs:\n  offline: true\n"}, "FILE: 'mkfs.offline' can only be given on the command line"},
		{
			"force by variable",
			surroundings{env: map[string]string{"SCOUTFS_MKFS_FORCE": "1"}},
			"environment variable SCOUTFS_MKFS_FORCE: option '--force' can only be given on the command line",
		},
		{
			"wrong value",
			surroundings{env: map[string]string{"SCOUTFS_MKFS_MAX_META_SIZE": "x", "SCOUTFS_MKFS_OFFLINE": "true"}},
			"environment variable SCOUTFS_MKFS_OFFLINE: option '--offline' can only be given on the command line",
		},
		{"list for one value", surroundings{file: "mkfs:\n  max-meta-size: [1, 2]\n"}, "FILE: 'mkfs.max-meta-size' takes one value, not a list"},
		{"number with a fraction", surroundings{file: "mkfs:\n  max-meta-size: 1.10\n"}, "FILE: a value of 'mkfs.max-meta-size' must be quoted"},
		{"list of lists", surroundings{file: "mkfs:\n  quorum-slot: [[1], {a: b}]\n"}, "FILE: 'mkfs.quorum-slot' has something that is not a value"},
		{"fraction in a list", surroundings{file: "mkfs:\n  quorum-slot: [a, 1.10]\n"}, "FILE: a value of 'mkfs.quorum-slot' must be quoted"},
		{"syntax", surroundings{file: "a: [\n"}, "FILE: yaml: line 1: did not find expected node content"},
		{"no section at all", surroundings{file: "just text\n"}, "FILE: yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `just text` into map[string]interface {}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := load(t, "mkfs", test.s)
			var wrong *config.Error
			if !errors.As(err, &wrong) || !errors.Is(err, syscall.EINVAL) {
				t.Fatalf("got %v", err)
			}
			got := err.Error()
			if wrong.Origin.Layer == config.File {
				got = strings.Replace(got, wrong.Origin.Name, "FILE", 1)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("value that the option refuses", func(t *testing.T) {
		t.Parallel()
		_, _, err := load(t, "df", surroundings{env: map[string]string{"SCOUTFS_DF_COUNT": "many"}})
		if err == nil || !strings.HasPrefix(err.Error(), "environment variable SCOUTFS_DF_COUNT: invalid value 'many' for option '--count': ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestGeneralValuesAreToldFromChosenOnes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		s       surroundings
		general bool
	}{
		{"default", surroundings{}, false},
		{"variable of all", surroundings{env: map[string]string{"SCOUTFS_OUTPUT": "x"}}, true},
		{"variable of the command", surroundings{env: map[string]string{"SCOUTFS_DF_OUTPUT": "x"}}, false},
		{"key of all", surroundings{file: "output: x\n"}, true},
		{"key of the command", surroundings{file: "df:\n  output: x\n"}, false},
		{"command line", surroundings{file: "output: x\n", args: []string{"--output=y"}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, origins, err := load(t, "df", test.s)
			if err != nil || origins["output"].General != test.general {
				t.Errorf("got %v and error %v", origins["output"], err)
			}
		})
	}
}

func TestWhichFileIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"default", "variable", "option"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("output: "+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string {
		if name == "" {
			return ""
		}
		return filepath.Join(dir, name)
	}
	tests := []struct {
		name                       string
		standard, variable, option string
		want                       string
		err                        error
	}{
		{"default", "default", "", "", "default", nil},
		{"no default", "missing", "", "", "", nil},
		{"none", "", "", "", "", nil},
		{"variable", "default", "variable", "", "variable", nil},
		{"option", "default", "variable", "option", "option", nil},
		{"missing variable", "default", "missing", "", "", syscall.ENOENT},
		{"missing option", "default", "", "missing", "", syscall.ENOENT},
		{"folder", "default", "", ".", "", syscall.EISDIR},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load(config.Source{
				Root:    newTree(),
				File:    at(test.option),
				Default: at(test.standard),
				LookupEnv: func(name string) (string, bool) {
					return at(test.variable), name == "SCOUTFS_CONFIG"
				},
			})
			if !errors.Is(err, test.err) {
				t.Fatalf("got error %v, want %v", err, test.err)
			}
			if err == nil && c.File() != at(test.want) {
				t.Errorf("read %q, want %q", c.File(), at(test.want))
			}
		})
	}
}

// Whatever the file holds, loading ends with a configuration or an error.
func FuzzFile(f *testing.F) {
	f.Add("output: json\nmkfs:\n  quorum-slot: [a, b]\n")
	f.Add("df: {inner: {meta_seq: 1}}\n")
	f.Add("mkfs:\n  force: true\n")
	f.Fuzz(func(t *testing.T, text string) {
		root := newTree()
		file := filepath.Join(t.TempDir(), "scoutfs.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Source{Root: root, File: file, LookupEnv: func(string) (string, bool) { return "", false }})
		if err != nil {
			return
		}
		mkfs := root.Commands()[1]
		if _, err := c.Apply(mkfs); err == nil && mkfs.Flag("force").Changed {
			t.Errorf("%q forces", text)
		}
	})
}
