// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newQuotaList(env *cli.Env) *cobra.Command {
	var (
		where    location
		unsorted bool
	)
	cmd := &cobra.Command{
		Use:     "quota-list",
		GroupID: cli.GroupCore,
		Short:   "List quota rules",
		Long: `Lists the quota rules, the ones that are tried first in front. A rule is

  PRIORITY VALUE,SOURCE,FLAG VALUE,SOURCE,FLAG VALUE,SOURCE,FLAG OP LIMIT FLAG

SOURCE is L for a literal value, P, U or G for the project, user or group; its
FLAG is S if the rule applies only where that has the VALUE. OP is I for inodes
or D for data, and the last FLAG is C if the total's count is limited.`,
		Example: `  scoutfs quota-list -p /mnt/archive
  scoutfs quota-list --meta-device /dev/meta --output table`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			if !cmd.Flags().Changed(pathFlag) && !where.offline() {
				return cli.Usagef("must provide file path")
			}
			return where.ask(cmd.Context(), func(t ioctl.Target) error {
				return listQuotaRules(cmd.Context(), env, t, unsorted)
			})
		},
	}
	where.define(cmd)
	cmd.Flags().BoolVarP(&unsorted, "unsorted", "U", false, "list rules in the order in which the volume has them")
	reportsList(cmd)
	return cmd
}

func listQuotaRules(ctx context.Context, env *cli.Env, t ioctl.Target, unsorted bool) error {
	rules := walk.QuotaRules(ctx, t)
	if !unsorted {
		rules = sorted(rules, func(a, b ioctl.QuotaRule) int { return b.Compare(a) })
	}
	return ioctlFailure(quotaListing().write(env, rules), "GET_QUOTA_RULES ioctl failed")
}

// sorted yields answers in another order, those before an error too.
func sorted[T any](answers iter.Seq2[T, error], compare func(a, b T) int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var all []T
		var failed error
		for v, err := range answers {
			if failed = err; err != nil {
				break
			}
			all = append(all, v)
		}
		slices.SortFunc(all, compare)
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
		if failed != nil {
			var none T
			yield(none, failed)
		}
	}
}

// quotaText is a rule in upstream's text.
func quotaText(r ioctl.QuotaRule) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%3d ", r.Prio)
	for _, n := range r.Names {
		fmt.Fprintf(&text, "%d,%s,%s ", n.Value, letter("LPUG", n.Source), flagLetter(n.Flags&format.QuotaNameSelect, "S"))
	}
	fmt.Fprintf(&text, "%s %d %s", letter("ID", r.Op), r.Limit, flagLetter(r.Flags&format.QuotaRuleTotlCount, "C"))
	return text.String()
}

// letter names a small number; one without a name is shown as it is.
func letter(names string, v uint8) string {
	if int(v) < len(names) {
		return names[v : v+1]
	}
	return strconv.Itoa(int(v))
}

func flagLetter(set uint8, name string) string {
	if set != 0 {
		return name
	}
	return "-"
}

// quotaName and quotaRule are a rule in JSON.
type quotaName struct {
	Value  uint64 `json:"value"`
	Source string `json:"source"` // literal, project, uid, gid
	Select bool   `json:"select"`
}

type quotaRule struct {
	Prio  uint8        `json:"priority"`
	Names [3]quotaName `json:"names"`
	Op    string       `json:"op"` // inode or data
	Limit uint64       `json:"limit"`
	Count bool         `json:"count"`
	Rule  string       `json:"rule"` // as quota-add takes it
}

func quotaJSON(r ioctl.QuotaRule) quotaRule {
	word := func(v uint8, names ...string) string {
		if int(v) < len(names) {
			return names[v]
		}
		return strconv.Itoa(int(v))
	}
	j := quotaRule{
		Prio:  r.Prio,
		Op:    word(r.Op, "inode", "data"),
		Limit: r.Limit,
		Count: r.Flags&format.QuotaRuleTotlCount != 0,
		Rule:  quotaText(r),
	}
	for i, n := range r.Names {
		j.Names[i] = quotaName{n.Value, word(n.Source, "literal", "project", "uid", "gid"), n.Flags&format.QuotaNameSelect != 0}
	}
	return j
}

func quotaListing() listing[ioctl.QuotaRule] {
	return listing[ioctl.QuotaRule]{
		columns: []output.Column{
			{Name: "PRIORITY", Right: true},
			{Name: "NAME"},
			{Name: "NAME"},
			{Name: "NAME"},
			{Name: "OP"},
			{Name: "LIMIT", Right: true},
			{Name: "OF"},
		},
		text: func(out *output.Writer, _ int, r ioctl.QuotaRule) { out.Printf("%s\n", quotaText(r)) },
		row: func(r ioctl.QuotaRule) []string {
			j := quotaJSON(r)
			cells := []string{strconv.Itoa(int(r.Prio))}
			for _, n := range j.Names {
				cell := fmt.Sprintf("%s %d", n.Source, n.Value)
				if n.Source != "literal" && !n.Select {
					cell = "any " + n.Source
				}
				cells = append(cells, cell)
			}
			of := "sum"
			if j.Count {
				of = "count"
			}
			return append(cells, j.Op, strconv.FormatUint(r.Limit, 10), of)
		},
		json: func(r ioctl.QuotaRule) any { return quotaJSON(r) },
	}
}
