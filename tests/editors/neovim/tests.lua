-- Neovim's own client on the real server: the way of one user through a file. Each test waits for
-- what it expects, and goes on from the one before.

local root, state = vim.env.VIVO_ROOT, vim.env.VIVO_TEST_HOME
local passed, failed = 0, {}

local function say(text)
  io.stdout:write(text .. "\n")
  io.stdout:flush()
end

local function wait(what, look)
  local found
  local ok = vim.wait(30000, function()
    found = look()
    return found
  end, 10)
  if not ok then
    error("timed out waiting for " .. what, 2)
  end
  return found
end

local function test(name, body)
  local ok, problem = xpcall(body, debug.traceback)
  if ok then
    passed = passed + 1
    say("ok      " .. name)
  else
    table.insert(failed, name)
    say("FAILED  " .. name .. "\n" .. problem)
  end
end

local vivo = dofile(state .. "/vivo.lua")
vivo.command = { root .. "/.venv/bin/vivo", "lsp" }
vivo.python = root .. "/.venv/bin/python"
if vim.env.VIVO_RECORD_INITIALIZE then
  local proxy = { root .. "/.venv/bin/python", root .. "/tests/editors/recording.py", vim.env.VIVO_RECORD_INITIALIZE }
  vivo.command = vim.list_extend(proxy, vivo.command)
end

vim.g.mapleader = " "
vim.o.hidden = true
vim.cmd("filetype plugin indent on")

local TEXT = "# %% one\nx = 20\nx + 1\n\n# %% two\nprint('seen')\nx / 0\n\n# %% three\nimport time\nwhile True: time.sleep(0.01)\n\n# %% four\ninput('who? ') * 2\n"
local file = io.open(state .. "/files/cells.py", "w")
file:write(TEXT)
file:close()

local function keys(text)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(text, true, false, true), "x", false)
end

local function go_to(line)
  vim.api.nvim_win_set_cursor(0, { line, 0 })
end

-- The values as they stand on the screen: the texts of virtual text, by line.
local function values()
  local found = {}
  for name, space in pairs(vim.api.nvim_get_namespaces()) do
    if tostring(name):find("codelens") or tostring(name):find("inlayhint") then
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
        local text = ""
        for _, chunk in ipairs(mark[4].virt_text or {}) do
          text = text .. chunk[1]
        end
        for value in text:gmatch("⟶ [^|]+") do
          found[mark[2] + 1] = vim.trim(value)
        end
      end
    end
  end
  return found
end

local function problems()
  return vim.tbl_map(function(each)
    return each.lnum + 1 .. ": " .. each.message
  end, vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR }))
end

local function clients()
  return (vim.lsp.get_clients or vim.lsp.get_active_clients)()
end

test("the configuration of the page attaches to a Python file", function()
  vim.cmd("edit " .. state .. "/files/cells.py")
  wait("the client", function()
    return #clients() == 1 and vim.fn.maparg("<leader>r", "n") ~= ""
  end)
end)

test("a key runs the cell, its value stands on its line, and the cursor goes on", function()
  go_to(2)
  keys("<Space>r")
  wait("the value", function()
    vim.cmd("redraw")
    return values()[3] == "⟶ 21"
  end)
  wait("the cursor on the next cell", function()
    return vim.api.nvim_win_get_cursor(0)[1] == 5
  end)
end)

test("an error is a diagnostic on its line, and what was printed is in the buffer", function()
  go_to(6)
  keys("<Space>r")
  wait("the diagnostic", function()
    return vim.deep_equal(problems(), { "7: ZeroDivisionError: division by zero" })
  end)
  wait("the output", function()
    local lines = vim.api.nvim_buf_get_lines(vim.fn.bufnr("vivo://output"), 0, -1, false)
    return vim.tbl_contains(lines, "seen")
  end)
end)

test("hover tells of the live object", function()
  go_to(2)
  vim.lsp.buf.hover()
  local text = wait("the window", function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        local buffer = vim.api.nvim_win_get_buf(window)
        return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
      end
    end
  end)
  assert(text:find("int") and text:find("live"), text)
  vim.cmd("normal! j")
end)

test("completion is live while a cell runs, which is a progress that can be cancelled", function()
  local begun
  local client = clients()[1]
  local kept = client.handlers["$/progress"] or vim.lsp.handlers["$/progress"]
  client.handlers["$/progress"] = function(problem, result, context, config)
    if result.value.kind == "begin" then
      begun = result
    end
    return kept(problem, result, context, config)
  end
  go_to(11)
  keys("<Space>r")
  wait("the progress", function()
    return begun
  end)
  assert(begun.value.title:find("Running"), begun.value.title)
  local answers = vim.lsp.buf_request_sync(0, "textDocument/completion", {
    textDocument = { uri = vim.uri_from_bufnr(0) },
    position = { line = 2, character = 1 },
  }, 10000)
  local labels = {}
  for _, answer in pairs(answers) do
    for _, item in ipairs(answer.result.items or answer.result) do
      table.insert(labels, item.label)
    end
  end
  assert(vim.tbl_contains(labels, "x"), vim.inspect(labels))
  local token = { token = begun.token }
  if vim.fn.has("nvim-0.11") == 1 then
    client:notify("window/workDoneProgress/cancel", token)
  else
    client.notify("window/workDoneProgress/cancel", token)
  end
  wait("the interrupt", function()
    return table.concat(problems(), "\n"):find("KeyboardInterrupt")
  end)
end)

test("an edited cell's value is marked stale", function()
  vim.api.nvim_buf_set_lines(0, 2, 3, false, { "x + 2" })
  wait("the mark", function()
    if not vim.lsp.inlay_hint then
      vim.lsp.codelens.refresh()
    end
    vim.cmd("redraw")
    return (values()[3] or ""):find("stale")
  end)
end)

test("a cell asks the user for a line", function()
  local asked
  vim.fn.input = function(prompt)
    asked = prompt
    return "ab"
  end
  go_to(14)
  keys("<Space>r")
  wait("the value", function()
    vim.cmd("redraw")
    return values()[14] == "⟶ 'abab'"
  end)
  assert(asked == "who? ", asked)
end)

test("the session goes on without the editor, and the server ends with it", function()
  for _, client in ipairs(clients()) do
    vim.lsp.stop_client(client.id)
  end
  wait("the end of the server", function()
    return #clients() == 0
  end)
  local told = vim.fn.system({ root .. "/.venv/bin/vivo", "sessions", "--json" })
  assert(#vim.fn.json_decode(told) == 1, told)
end)

say(passed .. " passed, " .. #failed .. " failed")
vim.cmd(#failed > 0 and "cquit 1" or "qall!")
