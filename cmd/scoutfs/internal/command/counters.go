// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
)

func newCounters(env *cli.Env) *cobra.Command {
	var table bool
	cmd := &cobra.Command{
		Use:     "counters SYSFS-DIR",
		GroupID: cli.GroupInfo,
		Short:   "Show ScoutFS kernel counters",
		Long: `Shows the counters of a mount, which the kernel module keeps in
SYSFS-DIR/counters, sorted by name.`,
		Example: `  scoutfs counters -t /sys/fs/scoutfs/f.ca9d32.r.80ba1d/`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("no sysfs path argument given")
			case len(operands) > 1:
				return cli.Usagef("more than one sysfs path argument given")
			}
			counters, err := readCounters(operands[0])
			if err != nil {
				return err
			}
			return showCounters(env, counters, table)
		},
	}
	cmd.Flags().BoolVarP(&table, "table", "t", false, "pack the counters into columns as wide as the terminal")
	reportsList(cmd)
	return cmd
}

// counter is one counter; the kernel's text of the value is kept.
type counter struct{ name, value string }

// maxCounterBytes is the most that a counter's file may hold.
const maxCounterBytes = 23

func readCounters(sysfs string) ([]counter, error) {
	dir := filepath.Join(sysfs, "counters")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, cli.Failf(err, "failed to open sysfs counter dir '%s': %s", dir, errno.Text(err))
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
	counters := make([]counter, len(entries))
	for i, e := range entries {
		name := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, cli.Failf(err, "failed to open counter file '%s': %s", name, errno.Text(err))
		}
		if len(text) == 0 || len(text) > maxCounterBytes || text[len(text)-1] != '\n' {
			return nil, cli.Failf(syscall.EIO, "counter file %s read returned %d", name, len(text))
		}
		counters[i] = counter{e.Name(), string(text[:len(text)-1])}
	}
	return counters, nil
}

func showCounters(env *cli.Env, counters []counter, table bool) error {
	out := env.Output()
	switch out.Form() {
	case output.JSON, output.JSONL:
		object := make(map[string]any, len(counters))
		for _, c := range counters {
			object[c.name] = c.value
			if v, err := strconv.ParseUint(c.value, 10, 64); err == nil {
				object[c.name] = v
			}
		}
		return out.Object(object)
	case output.Table:
		t := out.Table(output.Column{Name: "COUNTER"}, output.Column{Name: "VALUE", Right: true})
		for _, c := range counters {
			t.Row(c.name, c.value)
		}
		return t.Close()
	}
	columns := 1
	names, values := counterWidths(counters)
	if width, ok := terminalWidth(); table && ok {
		// Two blanks stand between columns.
		columns = max((width+2)/(names+1+values+2), 1)
	}
	rows := (len(counters) + columns - 1) / columns
	for row := range rows {
		line := ""
		for i := row; i < len(counters); i += rows {
			if line != "" {
				line += "  "
			}
			line += fmt.Sprintf("%-*s %*s", names, counters[i].name, values, counters[i].value)
		}
		out.Printf("%s\n", line)
	}
	return out.Err()
}

func counterWidths(counters []counter) (names, values int) {
	for _, c := range counters {
		names = max(names, len(c.name))
		values = max(values, len(c.value))
	}
	return names, values
}

// terminalWidth is the width of the terminal on the standard output or input.
func terminalWidth() (int, bool) {
	for _, f := range []*os.File{os.Stdout, os.Stdin} {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width, true
		}
	}
	return 0, false
}
